//! What happens, told from end to end. A story steps care time and looks at what people would see.

mod answering;
mod backtesting;
mod channels;
mod demo;
mod exim;
mod foretold;
mod judging;
mod memory;
mod operator;
mod outage;
mod pages;
mod paging;
mod reconciling;
mod retention;
mod rosters;
mod sending;
mod shadowing;
mod telling;
mod watched;
mod web_push;
