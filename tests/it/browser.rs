//! Real Chromium against a real Muster. The story of a night, and what the pages must be for those who are not well equipped.

mod audit;
mod by_hand;
mod editor;
mod notices;
mod output;
mod story;
