-- Subjects are looked up by their whole name as well.
CREATE INDEX register_subject_name ON register_subject (name_index) WHERE name_index <> '';
