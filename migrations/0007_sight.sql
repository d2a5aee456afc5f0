-- What a worker last saw of a project it may touch: the choices for procedures' parameters. Replaced at every look, kept by nobody.

CREATE TABLE project_sight (
    project text PRIMARY KEY,
    worker text NOT NULL,
    seen_at timestamptz NOT NULL,
    sight jsonb NOT NULL
);
