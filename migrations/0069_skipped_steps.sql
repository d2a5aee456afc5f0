-- Who skipped a step of which run: readiness asks it of every run of a year, and few ever did.
CREATE INDEX run_event_skipped ON run_event (run_id) WHERE event->>'event' = 'answered' AND event->'answer'->>'answer' = 'skip';
