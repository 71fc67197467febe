-- Version 1 of the ledger's tables. FORMAT.md says what is in them. A released version is
-- never edited: the texts below are compared with those in the database.

CREATE TABLE entries (
  -- AUTOINCREMENT makes SQLite remember the highest number it gave, in sqlite_sequence.
  number INTEGER PRIMARY KEY AUTOINCREMENT CHECK (number >= 1),
  bytes TEXT NOT NULL,
  leaf TEXT NOT NULL CHECK (length(leaf) = 64)
) STRICT;

CREATE TABLE rows (
  -- Deferred, because an entry contains the hash of its rows and so is written after them.
  entry INTEGER NOT NULL REFERENCES entries (number) DEFERRABLE INITIALLY DEFERRED,
  ordinal INTEGER NOT NULL CHECK (ordinal >= 1),
  bytes TEXT NOT NULL,
  PRIMARY KEY (entry, ordinal)
) STRICT, WITHOUT ROWID;

-- For each entry the signed checkpoint of the tree over the entries up to it.
CREATE TABLE checkpoints (
  size INTEGER PRIMARY KEY REFERENCES entries (number),
  note TEXT NOT NULL
) STRICT;

-- An index: which entry did what to which insertion. It follows from the entries alone.
CREATE TABLE steps (
  entry INTEGER PRIMARY KEY REFERENCES entries (number),
  insertion INTEGER NOT NULL REFERENCES entries (number),
  step TEXT NOT NULL CHECK (step IN ('inserted', 'closed', 'withdrawn', 'removed')),
  UNIQUE (insertion, step)
) STRICT;

CREATE TRIGGER entries_in_order BEFORE INSERT ON entries
WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM entries)
BEGIN SELECT raise(ABORT, 'the ledger is append-only: an entry has the next number'); END;

CREATE TRIGGER entries_not_updated BEFORE UPDATE ON entries
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER entries_not_deleted BEFORE DELETE ON entries
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

-- Rows are written before their entry, so this also stops INSERT OR REPLACE, which fires no
-- other trigger while recursive_triggers is off.
CREATE TRIGGER rows_with_their_entry BEFORE INSERT ON rows
WHEN NEW.entry IS NOT (SELECT coalesce(max(number), 0) + 1 FROM entries)
  OR EXISTS (SELECT 1 FROM rows WHERE entry = NEW.entry AND ordinal = NEW.ordinal)
BEGIN SELECT raise(ABORT, 'the ledger is append-only: rows come with their entry'); END;

CREATE TRIGGER rows_not_updated BEFORE UPDATE ON rows
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER rows_not_deleted BEFORE DELETE ON rows
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER steps_once BEFORE INSERT ON steps
WHEN NEW.entry IS NOT (SELECT max(number) FROM entries)
  OR EXISTS (SELECT 1 FROM steps WHERE entry = NEW.entry
             OR (insertion = NEW.insertion AND step = NEW.step))
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a step happens once'); END;

CREATE TRIGGER steps_not_updated BEFORE UPDATE ON steps
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER steps_not_deleted BEFORE DELETE ON steps
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER checkpoints_once BEFORE INSERT ON checkpoints
WHEN NEW.size IS NOT (SELECT max(number) FROM entries)
  OR EXISTS (SELECT 1 FROM checkpoints WHERE size = NEW.size)
BEGIN SELECT raise(ABORT, 'the ledger is append-only: a checkpoint comes with its entry'); END;

CREATE TRIGGER checkpoints_not_updated BEFORE UPDATE ON checkpoints
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER checkpoints_not_deleted BEFORE DELETE ON checkpoints
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;
