-- Heavier: bulk inserts, sorting without an index, joins and updates; for measuring.
create table points (id integer primary key, x integer, y integer, label text);
begin;
with recursive n(i) as (select 1 union all select i + 1 from n where i < 200000)
insert into points select i, i * 7919 % 65537, i * 104729 % 65521, printf('p%x-%d', i * 2654435761 % 4294967296, i % 97) from n;
commit;
select count(*), sum(x), sum(y), min(label), max(label) from points;
create index points_by_x on points(x);
create index points_by_label on points(label);
select count(*) from points a join points b on a.x = b.y where a.id <= 50000;
select x % 100 as bucket, count(*), avg(y) from points group by bucket order by avg(y) desc limit 5;
select label from points order by y, id limit 5 offset 100000;
begin;
update points set y = y + x, label = label || '*' where x % 3 = 0;
delete from points where label like '%9*';
commit;
select count(*), sum(y), count(distinct label) from points;
pragma integrity_check;
