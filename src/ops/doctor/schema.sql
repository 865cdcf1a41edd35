-- A line for each table, column, constraint, index and trigger of the schema: kind, name, what it is.
with class as (
    select oid, relname, relkind, relpersistence, reloptions
    from pg_class where relnamespace = to_regnamespace('users')
)
select line from (
    select format('table %s %s%s', relname,
            case relpersistence when 'u' then 'unlogged' else 'logged' end,
            ' with ' || array_to_string(reloptions, ', ')) as line
    from class where relkind in ('r', 'p')
    union all
    select format('column %s.%s %s%s%s', relname, attname, format_type(atttypid, atttypmod),
            case when attnotnull then ' not null' end,
            ' default ' || pg_get_expr(adbin, adrelid))
    from class
    join pg_attribute on attrelid = class.oid and attnum > 0 and not attisdropped
    left join pg_attrdef on adrelid = attrelid and adnum = attnum
    where relkind in ('r', 'p')
    union all
    select format('constraint %s.%s %s', relname, conname, pg_get_constraintdef(pg_constraint.oid))
    from class join pg_constraint on conrelid = class.oid and contype in ('c', 'f', 'p', 'u', 'x')
    union all
    select format('index %s %s', relname, pg_get_indexdef(indexrelid))
    from class join pg_index on indexrelid = class.oid
    union all
    select format('trigger %s.%s %s', relname, tgname, pg_get_triggerdef(pg_trigger.oid))
    from class join pg_trigger on tgrelid = class.oid and not tgisinternal
) as lines
order by line collate "C"
