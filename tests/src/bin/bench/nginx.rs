//! nginx as a program of its own with one prepared page: the same headers, the same bytes, nothing logged.

use std::{fmt::Write as _, net::SocketAddr, process::Command, time::Duration};

use anyhow::{Context as _, Result};
use tests::{programs::Scratch, testnet::free_port};
use tokio::net::TcpStream;

use crate::program::Program;

const NGINX: &str = "/usr/sbin/nginx";

pub(crate) struct Nginx {
    pub(crate) address: SocketAddr,
    program: Program,
    _scratch: Scratch,
}

impl Nginx {
    pub(crate) async fn start(answer: &[u8]) -> Result<Self> {
        let (lines, body) = crate::load::split(answer)?;
        let scratch = Scratch::new()?;
        scratch.file("page", body)?;
        let mut headers = String::new();
        for (name, value) in lines {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"");
            if name.eq_ignore_ascii_case("content-type") {
                writeln!(headers, "default_type \"{value}\";")?;
            } else {
                writeln!(headers, "add_header {name} \"{value}\";")?;
            }
        }
        let (port, own) = (free_port()?, scratch.path().display());
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|of| format!("{of}_temp_path {own}/{of};\n"))
            .collect();
        let settings = format!(
            "daemon off; pid {own}/pid; error_log stderr error; worker_processes auto;
             events {{ worker_connections 4096; }}
             http {{
               {temporary} access_log off; sendfile on; tcp_nopush on; etag off; server_tokens off;
               keepalive_requests 1000000000; open_file_cache max=10; open_file_cache_valid 1h;
               server {{ listen 127.0.0.1:{port} backlog=1024; root {own}; location / {{ try_files /page =404; {headers} }} }}
             }}"
        );
        let file = scratch.file("nginx.conf", settings)?;
        let mut command = Command::new(NGINX);
        command.arg("-e").arg("stderr").arg("-p").arg(scratch.path()).arg("-c").arg(file);
        let program = Program::spawn(&mut command)?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        for _ in 0..100 {
            if TcpStream::connect(address).await.is_ok() {
                return Ok(Self { address, program, _scratch: scratch });
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        None.context("nginx does not answer; what it said stands above")
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its workers would outlive it.
        self.program.end();
    }
}
