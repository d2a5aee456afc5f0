-- That a run will probably miss what was promised is said once, however many servers look.
CREATE TABLE run_late (
    run_id uuid PRIMARY KEY REFERENCES run,
    at timestamptz NOT NULL
);
