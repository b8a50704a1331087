-- A tour of SQLite whose output is the same everywhere: no clock, no unordered result, no transcendental function.
select sqlite_version() like '3.%', date('now'), typeof(random());

-- Filling tables from recursive queries, in one transaction.
begin;
create table customers (id integer primary key, name text not null unique, city text, joined text);
create table orders (
  id integer primary key, customer integer not null references customers(id), amount real not null,
  quantity integer check (quantity > 0), note text
);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 500)
insert into customers
  select i, printf('customer-%04d', i * 7919 % 10007),
         case i % 5 when 0 then 'Oslo' when 1 then 'Lima' when 2 then 'Köln' when 3 then '東京' else null end,
         date('2020-01-01', '+' || (i * 37 % 1500) || ' days')
  from n;
with recursive n(i) as (select 1 union all select i + 1 from n where i < 6000)
insert into orders
  select i, 1 + i * 31 % 500, round((i * 7907 % 100003) / 97.0, 2), 1 + i % 9,
         case when i % 11 = 0 then null else substr('the quick brown fox jumps over the lazy dog', 1 + i % 30, 1 + i % 13) end
  from n;
commit;
select count(*), min(name), max(name), count(city), count(distinct city) from customers;
select count(*), sum(amount), avg(quantity), total(length(note)), max(amount) from orders;

-- Indexes: the same question before and after, and the plan that uses one.
select count(*) from orders where customer = 77 and amount > 100;
create index orders_by_customer on orders(customer, amount desc);
create index orders_large on orders(amount) where amount > 1000;
select count(*) from orders where customer = 77 and amount > 100;
explain query plan select * from orders where customer = 77 order by amount desc;

-- Joins, grouping, windows.
select c.city, count(*) as n, round(sum(o.amount * o.quantity), 2) as turnover
  from orders o join customers c on c.id = o.customer group by c.city having n > 10 order by turnover desc;
select c.name, (select count(*) from orders o where o.customer = c.id) as n from customers c
  left join orders o on o.customer = c.id and o.amount > 1020 where o.id is null order by c.name limit 5;
select id, amount, rank() over w, round(sum(amount) over (order by id rows 2 preceding), 2)
  from orders where customer = 5 window w as (order by amount desc, id) order by id limit 6;
select city, group_concat(id, ' ') from (select * from customers where id < 30 order by id) group by city order by city;

-- Changes, savepoints, rollback.
begin;
update orders set amount = amount * 1.1, note = upper(note) where quantity = 3;
select changes();
delete from orders where id % 10 = 0;
select changes(), count(*) from orders;
savepoint inner_work;
delete from customers;
select count(*) from customers;
rollback to inner_work;
release inner_work;
select count(*) from customers;
rollback;
select count(*), round(sum(amount), 2) from orders;
update orders set note = note || '!' where id between 100 and 110;
delete from orders where customer > 480;
insert into customers values (1, 'again', null, null) on conflict (id) do update set city = 'Quito' returning id, name, city;
insert or ignore into customers values (2, 'ignored', null, null);
select id, note from orders where id between 100 and 110 order by id;

-- Text and blobs.
select upper('abc'), trim('  x '), replace('banana', 'an', 'AN'), instr('hello', 'l'), substr('Köln am Rhein', 2, 5), length('東京');
select hex('é'), quote('it''s'), unicode('€'), char(72, 105), x'00ff10', hex(zeroblob(4)), 'a' < 'B', 'a' < 'B' collate nocase;
select printf('%5d|%-5d|%05d|%x|%,d|%e|%g|%.3f|%s|%q', 42, 42, 42, 255, 1234567, 12345.678, 0.00001, 2.0 / 3, 'text', 'it''s');
select glob('c*-000?', name), name from customers where name like '%-000_' order by name;

-- Numbers: integers at their limits, conversions, floating point.
select 9223372036854775807, -9223372036854775807 - 1, 9223372036854775807 + 1, 7 / 2, -7 / 2, -7 % 3, 7 % -3, 1 << 62, ~5, 1 / 0;
select 0.1 + 0.2, 1e308 * 10, 1.0 / 3, 1e15, 1e16, 123456789.123456789, -0.0, 2.5e-8, round(2.5), round(-1.005, 2);
select cast('12abc' as integer), cast('1e3' as real), cast(3.99 as integer), cast(-3.99 as integer), '10' + 5, abs(-3.5), typeof(1e3);
select cast(1e19 as integer), 4.9e-324, 1.7976931348623157e308, sqrt(2.0), floor(-2.5), ceil(2.1), trunc(-7.9), sqrt(-1);

-- Recursive queries, common tables, set operations.
with recursive fibonacci(n, a, b) as (select 1, 0, 1 union all select n + 1, b, a + b from fibonacci where n < 90)
  select n, a from fibonacci where n % 15 = 0;
with recursive
  axis(v) as (select -2.0 union all select v + 0.1 from axis where v < 0.6),
  rows(v) as (select -1.0 union all select v + 0.2 from rows where v < 1.0),
  m(i, cx, cy, x, y) as (
    select 0, axis.v, rows.v, 0.0, 0.0 from axis, rows
    union all select i + 1, cx, cy, x * x - y * y + cx, 2.0 * x * y + cy from m where x * x + y * y < 4.0 and i < 28
  ),
  depth(i, cx, cy) as (select max(i), cx, cy from m group by cx, cy),
  lines(cy, text) as (select cy, group_concat(substr(' .+*#', 1 + min(i / 7, 4), 1), '') from (select * from depth order by cy, cx) group by cy)
  select text from lines order by cy;
select 1 union select 2 union all select 2 except select 1 order by 1;
select id from orders where id < 40 intersect select id * 3 from orders where id < 40 order by 1;

-- JSON, full text, views, triggers.
select json_extract('{"a": [1, 2.5, {"b": "c"}]}', '$.a[2].b'), json_array(1, null, 'x', 2.5), json_group_array(id) from (select id from customers order by id limit 5);
select key, value, type from json_each('{"one": 1, "two": [2], "three": null, "four": "4"}');
create virtual table notes using fts5(body);
insert into notes select note from orders where note is not null and id <= 2000;
select count(*) from notes where notes match 'quick AND brown';
select rowid, highlight(notes, 0, '[', ']') from notes where notes match 'jump*' order by rowid limit 5;
create table audit (what text, old real, new real);
create trigger watch after update of amount on orders begin
  insert into audit values ('order ' || new.id, old.amount, new.amount);
end;
update orders set amount = 0.5 where id in (7, 77, 777);
select * from audit order by what;
create view cities as select city, count(*) as n from customers group by city;
select * from cities order by n, city;

-- Space is given back, and everything still holds together.
drop index orders_large;
delete from orders where id > 3000;
vacuum;
pragma integrity_check;
pragma page_count;
select count(*), sum(id), round(sum(amount), 2) from orders;
