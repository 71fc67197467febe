//! As much of a reader of HTML as the pages need: tags with their attributes, and tables.

/// One tag, or the text before the next one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Tag {
        name: String,
        attributes: Vec<(String, String)>,
    },
    Text(String),
}

/// Cuts a page as a browser does; whatever could open a tag does.
pub(crate) fn pieces(html: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        if !rest[..open].is_empty() {
            pieces.push(Piece::Text(unescaped(&rest[..open])));
        }
        let (tag, after) = tag(&rest[open + 1..]);
        rest = after;
        if let Piece::Tag { name, .. } = &tag
            && name == "style"
        {
            let end = rest.find("</style").expect("a style sheet ends");
            pieces.push(Piece::Text(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        pieces.push(tag);
    }
    pieces
}

/// The tag at the beginning, and what comes behind it. Quotes hold a `>` back.
fn tag(text: &str) -> (Piece, &str) {
    let mut end = text.len();
    let mut quote = None;
    for (place, letter) in text.char_indices() {
        match (quote, letter) {
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            (None, '>') => {
                end = place;
                break;
            }
            (_, _) => {}
        }
    }
    let inner = &text[..end];
    let name_end = inner.find(char::is_whitespace).unwrap_or(inner.len());
    let name = inner[..name_end].trim_end_matches('/').to_lowercase();
    let mut attributes = Vec::new();
    let mut rest = inner[name_end..].trim_start();
    while !rest.is_empty() && rest != "/" {
        let key_end = rest.find(['=', ' ']).unwrap_or(rest.len());
        let key = rest[..key_end].to_lowercase();
        assert!(!key.is_empty(), "no attribute: {inner}");
        rest = &rest[key_end..];
        let mut value = String::new();
        if let Some(quoted) = rest.strip_prefix("=\"") {
            let close = quoted.find('"').expect("a value ends");
            value = unescaped(&quoted[..close]);
            rest = &quoted[close + 1..];
        }
        attributes.push((key, value));
        rest = rest.trim_start();
    }
    (
        Piece::Tag { name, attributes },
        &text[(end + 1).min(text.len())..],
    )
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#34;", "\"")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&#38;", "&")
        .replace("&amp;", "&")
}

/// The tables of one section, each as its lines of cells; heads are left out.
pub(crate) fn tables(html: &str, section: &str) -> Vec<Vec<Vec<String>>> {
    let begin = format!("<section id=\"{section}\">");
    let from = html.find(&begin).unwrap_or_else(|| panic!("no {section}"));
    let length = html[from..].find("</section>").unwrap();
    let mut tables = Vec::new();
    let mut is_body = false;
    let mut is_cell = false;
    let mut is_small = false;
    for piece in pieces(&html[from..from + length]) {
        match piece {
            Piece::Tag { name, .. } => match name.as_str() {
                "tbody" => {
                    is_body = true;
                    tables.push(Vec::new());
                }
                "/tbody" => is_body = false,
                "tr" if is_body => tables.last_mut().unwrap().push(Vec::new()),
                "td" | "th" if is_body => {
                    is_cell = true;
                    cells(&mut tables).push(String::new());
                }
                "/td" | "/th" => is_cell = false,
                "small" => is_small = true,
                "/small" => is_small = false,
                _ => {}
            },
            Piece::Text(text) if is_cell && !is_small => {
                cells(&mut tables).last_mut().unwrap().push_str(&text);
            }
            Piece::Text(_) => {}
        }
    }
    tables
}

fn cells(tables: &mut [Vec<Vec<String>>]) -> &mut Vec<String> {
    tables.last_mut().unwrap().last_mut().unwrap()
}

/// A number of a cell.
pub(crate) fn number(cell: &str) -> u64 {
    let digits = cell.replace(',', "");
    digits
        .parse()
        .unwrap_or_else(|_| panic!("{cell:?} is no number"))
}
