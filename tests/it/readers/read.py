"""Reads a status page's outputs with programs that others wrote for others, and prints what they understood as one JSON document."""

import json
import logging
import os
import sys
import tempfile
import warnings

warnings.simplefilter("error")
base = sys.argv[1]
os.chdir(tempfile.mkdtemp())
# This client wants a list of pages to be there; the one to read is said below.
with open("services.json", "w", encoding="utf-8") as services:
    json.dump({"muster": {"name": "Muster", "type": "status_page", "url": f"{base}/api/v2/summary.json"}}, services)
complaints = []


class Complaints(logging.Handler):
    def emit(self, record):
        complaints.append(record.getMessage())


logging.getLogger().addHandler(Complaints(logging.WARNING))

import feedparser  # noqa: E402
import icalendar  # noqa: E402
import requests  # noqa: E402
from statuspage_prometheus_exporter import service_checker  # noqa: E402

# This client keeps what it saw in a directory of its own; nothing is kept here.
service_checker.load_service_response = lambda key: None
service_checker.save_service_response = lambda key, result: None

answer = requests.get(f"{base}/feed.atom", timeout=10)
feed = feedparser.parse(answer.content, response_headers=dict(answer.headers))
again = requests.get(f"{base}/feed.atom", headers={"If-None-Match": answer.headers["ETag"]}, timeout=10)
rss_answer = requests.get(f"{base}/feed.rss", timeout=10)
rss = feedparser.parse(rss_answer.content, response_headers=dict(rss_answer.headers))
calendar = icalendar.Calendar.from_ical(requests.get(f"{base}/calendar.ics", timeout=10).content)
seen = service_checker.check_service_status("muster", {"url": f"{base}/api/v2/summary.json"})
print(
    json.dumps(
        {
            "bozo": str(feed.get("bozo_exception", "")) if feed.bozo else None,
            "version": feed.version,
            "title": feed.feed.title,
            "again": again.status_code,
            "entries": [
                {
                    "id": entry.id,
                    "link": entry.link,
                    "title": entry.title,
                    "content": entry.content[0].value,
                    "updated": entry.updated,
                    "dated": entry.updated_parsed is not None and entry.published_parsed is not None,
                }
                for entry in feed.entries
            ],
            "rss": {
                "bozo": str(rss.get("bozo_exception", "")) if rss.bozo else None,
                "version": rss.version,
                "title": rss.feed.title,
                "entries": [
                    [entry.id, entry.link, entry.title, entry.summary, entry.published_parsed is not None]
                    for entry in rss.entries
                ],
            },
            "calendar": {
                "name": str(calendar["X-WR-CALNAME"]),
                "errors": [str(error) for event in calendar.walk() for error in event.errors],
                "events": [
                    {
                        "uid": str(event["UID"]),
                        "summary": str(event["SUMMARY"]),
                        "description": str(event["DESCRIPTION"]),
                        "status": str(event["STATUS"]),
                        "sequence": int(event["SEQUENCE"]),
                        "from": event.start.isoformat(),
                        "to": event.end.isoformat(),
                    }
                    for event in calendar.events
                ],
            },
            "seen": {key: value for key, value in seen.items() if key != "response_time"},
            "complaints": complaints,
        }
    )
)
