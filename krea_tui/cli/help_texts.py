"""What `--help` tells beside the options."""

from __future__ import annotations

from typing import Final

DESCRIPTION: Final = """\
A terminal studio for the Krea 2 Large text-to-image API.
Without a command it opens the app; every command works beside a running app, on the same history.
"""
EPILOG: Final = """\
examples:
  krea-tui --demo                                  try it; nothing is spent
  krea-tui submit "a lighthouse in fog" --wait     one picture, its path when it is on disk
  krea-tui submit - --seed 7 --count 4 --json < prompt.txt
  krea-tui jobs status:failed since:7d             what failed this week

environment:
  PIXAZO_API_KEY      the API key (else the key pasted in the app)
  KREA_TUI_GATEWAY, KREA_TUI_DATA_DIR, KREA_TUI_CONFIG, KREA_TUI_GRAPHICS
                      as the options of these names; options win over them, they win over the config file

exit codes:
  0 done, 1 a job failed, was lost or is unconfirmed, 2 wrong usage, 3 no or bad key,
  4 gateway unreachable, 5 money (402 or a cap), 130 interrupted
"""
SUBMIT_EPILOG: Final = """\
S is a strength; it is split off only where what follows the last @ is a number.
Without --wait the job is handed to a running app, or sent and left at the gateway:
the app or `krea-tui watch` fetches the picture.

examples:
  krea-tui submit "a red fox, linocut" --aspect-ratio 16:9 --wait
  krea-tui submit "tiles" --seed 100 --count 8 --wait --json     seeds 100 to 107
  krea-tui submit "harbour" --reference https://example.org/a.png@0.6 --style ink@0.8
"""
QUERY_EPILOG: Final = """\
query:
  words               each begins a word of the prompt; "two words" in quotes follow each other
  status:failed       held, sending, unconfirmed, rejected, queued, processing, completed,
                      failed, error, not_found, cancelled; several with commas
  is:starred          or active, running, held, done, failed, muted, deleted
  aspect:16:9  creativity:raw  seed:42  ref:yes  has:image  tag:word (or its beginning)
  since:7d            or 12h, 2w, today, yesterday, 2026-11-02; until: likewise
  cost:>0.06          or >=, <, <=, =
  id:3f               the id begins so
  batch:ID            of one batch
  needs:decision      may have been charged, and you have not said yet what became of it
  -term               the term does not hold; a query that begins so stands behind --

examples:
  krea-tui jobs fog is:starred --sort price
  krea-tui jobs --sort created --reverse --limit 1 -- -is:failed
"""
RESOLVE_EPILOG: Final = """\
A request whose answer never came may have been charged; it is never sent again by itself.
Without a choice the unconfirmed jobs are listed: exit code 0 if there are none, 1 if there are some.
Look for the request at the vendor's console, by its time and prompt, then choose.

examples:
  krea-tui resolve
  krea-tui resolve k3f9 --adopt krea-2-large-text-to-image_019d... --wait
  krea-tui resolve --all --not-charged
"""
EXPORT_EPILOG: Final = """\
A folder gets a copy of every picture, jobs.csv to look at and jobs.jsonl, which has every parameter as it is.
A path that ends in .csv, .jsonl or .json is a table alone, which says where the pictures lie.
No other file is overwritten; a picture that is there already is not copied again.
Exit code 1 if a picture is not where it was saved: it is named, and the rest is exported.
QUERY is as in `krea-tui jobs --help`; without one every job is meant.

examples:
  krea-tui export is:starred --to ~/Pictures/best
  krea-tui export since:30d --to november.csv
"""
SPEND_EPILOG: Final = """\
spent      completed jobs
reserved   jobs on their way
at risk    unconfirmed, failed or denied jobs, which may have been charged
held       jobs that were not sent: they cost nothing until they are

A job counts to the local day on which it was sent. The day's cap is held against the total of today.
--json is one object: amounts in US dollars, days as local ISO dates, oldest first, null where there is no cap.
"""
