-- What an earlier run left in the file.
select count(*), sum(id) from orders;
select * from audit order by what;
select rowid from notes where notes match 'fox NOT quick' order by rowid limit 5;
pragma integrity_check;
