//! What the ending of a name promises.

/// What a person expects behind an ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    /// Documents of offices.
    Document,
    /// Pictures.
    Picture,
    /// Sound and film.
    Media,
    /// What an editor shows.
    Text,
    /// What Windows starts as a program.
    Program,
    /// What Windows has an interpreter run at a double click or by a command.
    Script,
}

const SORTS: [(Sort, &[&str]); 6] = [
    (
        Sort::Document,
        &[
            "pdf", "doc", "docx", "docm", "xls", "xlsx", "xlsm", "xlsb", "ppt", "pptx", "pptm",
            "rtf", "odt", "ods", "odp", "dotx", "xltx", "jtd", "vsd", "vsdx", "xps", "epub",
        ],
    ),
    (
        Sort::Picture,
        &[
            "jpg", "jpeg", "png", "gif", "bmp", "tif", "tiff", "webp", "heic", "svg",
        ],
    ),
    (
        Sort::Media,
        &[
            "mp3", "mp4", "avi", "wav", "mkv", "mov", "wmv", "wma", "m4a", "m4v", "flac", "mpg",
            "mpeg",
        ],
    ),
    (
        Sort::Text,
        &[
            "txt", "log", "csv", "tsv", "md", "htm", "html", "xml", "json", "ini", "yml", "yaml",
        ],
    ),
    (Sort::Program, &["exe", "scr", "com", "pif"]),
    (
        Sort::Script,
        &[
            "bat", "cmd", "ps1", "psm1", "vbs", "vbe", "js", "jse", "wsf", "wsh", "hta", "msc",
            "reg",
        ],
    ),
];

impl Sort {
    /// The sort that `ending` promises, in lower case and without its dot.
    pub(crate) fn of(ending: &str) -> Option<Self> {
        SORTS
            .iter()
            .find(|(_, endings)| endings.contains(&ending))
            .map(|(sort, _)| *sort)
    }

    /// Whether a person thinks of it as something to read, look at or listen to.
    pub(crate) fn is_read(self) -> bool {
        match self {
            Self::Document | Self::Picture | Self::Media | Self::Text => true,
            Self::Program | Self::Script => false,
        }
    }

    /// Whether a double click or a command runs it.
    pub(crate) fn is_run(self) -> bool {
        !self.is_read()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_ending_is_of_two_sorts() {
        let all: Vec<&str> = SORTS
            .iter()
            .flat_map(|(_, endings)| *endings)
            .copied()
            .collect();
        for (sort, endings) in SORTS {
            for ending in endings {
                assert_eq!(Sort::of(ending), Some(sort));
                assert_eq!(all.iter().filter(|other| *other == ending).count(), 1);
            }
        }
        assert_eq!(Sort::of("zip"), None);
        assert!(Sort::Script.is_run() && !Sort::Text.is_run());
    }
}
