-- Live output in chunks: many lines are one row, so that a million lines cost a thousand rows. Lines are counted, and the writer's
-- fence is checked, in `run`.

CREATE TABLE output_chunk (
    run_id uuid NOT NULL REFERENCES run,
    -- Number of the chunk's last line; the first is last_line - n_lines + 1.
    last_line bigint NOT NULL,
    n_lines integer NOT NULL CHECK (n_lines BETWEEN 1 AND 1000),
    step integer NOT NULL,
    attempt integer NOT NULL,
    at timestamptz NOT NULL,
    -- o(ut), e(rr), m(uster): one letter for all lines, or one for each.
    streams text NOT NULL CHECK (streams ~ '^[oem]+$' AND length(streams) IN (1, n_lines)),
    -- Joined by line feeds; no line holds one.
    text text NOT NULL,
    PRIMARY KEY (run_id, last_line),
    CHECK (last_line >= n_lines)
);

-- The default compression is slower than the disk it spares; a Postgres without lz4 goes on with it.
DO $$ BEGIN
    EXECUTE 'ALTER TABLE output_chunk ALTER COLUMN text SET COMPRESSION lz4';
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'no lz4: %', SQLERRM;
END $$;

LOCK TABLE step_output IN ACCESS EXCLUSIVE MODE;

INSERT INTO output_chunk (run_id, last_line, n_lines, step, attempt, at, streams, text)
SELECT run_id, max(line), count(*), step, attempt, at,
       CASE WHEN min(stream) = max(stream) THEN left(min(stream), 1) ELSE string_agg(left(stream, 1), '' ORDER BY line) END,
       string_agg(replace(text, E'\n', U&'\2424'), E'\n' ORDER BY line)
FROM (SELECT *, line - row_number() OVER (PARTITION BY run_id, step, attempt, at ORDER BY line) AS island
      FROM step_output) AS lines
GROUP BY run_id, step, attempt, at, island, (line - 1) / 1000;

DROP TABLE step_output;

-- For programs of the release before, which read and write lines. To be dropped when nobody runs them any more.
CREATE VIEW step_output AS
SELECT c.run_id, c.last_line - c.n_lines + l.n AS line, c.step, c.attempt, c.at,
       CASE substr(c.streams, least(l.n, length(c.streams))::integer, 1)
           WHEN 'o' THEN 'out' WHEN 'e' THEN 'err' ELSE 'muster' END AS stream,
       l.text
FROM output_chunk AS c, unnest(string_to_array(c.text || E'\n', E'\n')) WITH ORDINALITY AS l (text, n)
WHERE l.n <= c.n_lines;

CREATE FUNCTION step_output_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO output_chunk (run_id, last_line, n_lines, step, attempt, at, streams, text)
    VALUES (NEW.run_id, NEW.line, 1, NEW.step, NEW.attempt, NEW.at, left(NEW.stream, 1), replace(NEW.text, E'\n', U&'\2424'));
    RETURN NEW;
END $$;

CREATE TRIGGER step_output_insert INSTEAD OF INSERT ON step_output
    FOR EACH ROW EXECUTE FUNCTION step_output_insert();
