//! The screen: state, update, one view file a screen, words in ja and en.
