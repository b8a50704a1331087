-- Stops at its fifth statement: the first two stay done, the open transaction does not.
create table if not exists kept (x unique);
insert into kept values (1), (2);
begin;
insert into kept values (3);
insert into kept values (1);
select 'never reached';
