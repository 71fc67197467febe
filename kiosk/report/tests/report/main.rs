//! The pages, made from a made-up month: what they say, what cannot act in them, and what a
//! browser makes of them.

mod month;

mod made;

mod few;

mod written;

mod html;

mod numbers;

mod hostile;

mod languages;

mod ledgers;

mod browser;
