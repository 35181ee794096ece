SELECT name, narg FROM pragma_function_list
 WHERE name IN ('isbn_ok', 'order_number', 'price_after', 'title_key') ORDER BY name;

CREATE TABLE book (
    isbn  TEXT PRIMARY KEY CHECK (isbn_ok(isbn)),
    title TEXT NOT NULL,
    cents INTEGER NOT NULL,
    off   REAL NOT NULL DEFAULT 0,
    cover BLOB
);
CREATE INDEX book_by_title ON book (title_key(title));

INSERT INTO book (isbn, title, cents, off, cover) VALUES
    ('978-0-261-10221-7', 'The Hobbit', 999, 12.5, x'89504E470D0A1A0A00'),
    ('978-0-547-77374-2', 'A Wizard of Earthsea', 1200, 0, x'FFD8FFE0'),
    ('978-0-441-47812-5', 'The Left Hand of Darkness', 1150, 20, NULL);
INSERT INTO book (isbn, title, cents) VALUES ('978-0-441-47812-6', 'A Misprint', 100);

SELECT title, cents, price_after(cents, off), cover_kind(cover) FROM book ORDER BY title_key(title);
SELECT isbn, isbn_packed(isbn) FROM book WHERE title_key(title) = 'hobbit';
SELECT isbn_ok('978-0-261-10221-7'), isbn_ok('5'), isbn_ok(NULL);

UPDATE book SET cents = price_after(cents, off * 6);
SELECT sum(cents) FROM book;
SELECT price_after('cheap', 10);
SELECT price_after(100);

SELECT n_parcels(5000, 0);
SELECT n_parcels(5000, 2000);

SELECT order_number(), order_number();
CREATE INDEX book_by_number ON book (order_number());
