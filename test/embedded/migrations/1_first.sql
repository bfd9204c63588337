-- Up Migration
CREATE TABLE migrated (id integer PRIMARY KEY);
