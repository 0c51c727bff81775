//! The binary `twofront`.

use server::{site::Site, ssr};
use std::io;

#[tokio::main]
async fn main() -> io::Result<()> {
    let site = Site::read(&Site::folder_of_this_binary()).unwrap_or_else(|error| {
        eprintln!("{error}; pages are served without scripts and styles");
        Site::default()
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, ssr::router(site)).await
}
