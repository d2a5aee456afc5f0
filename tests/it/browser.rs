//! Real Chromium against a real Muster. The story of a night, and what the pages must be for those who are not well equipped.

mod audit;
mod editor;
mod story;
