//! Debian's exim4, which `make exim4` unpacks, with a configuration of its own in a folder of its own: STARTTLS, a login, and a Maildir
//! for each of its people. A process serves one connection on standard input (inetd's way), so nothing outlives a test by long.
//!
//! ida@…      has a mailbox
//! later@…    451 until [`Exim::opens`]
//! reply@…    goes to the command that [`Exim::start`] is given
//! everybody else is unknown: 550

use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::python;

pub const LOGIN: &str = "derwent:river";

pub struct Exim {
    folder: tempfile::TempDir,
    port: u16,
    derwent: Option<PathBuf>,
}

impl Exim {
    /// `reply`: what mails to reply@… are piped into. Blocks the thread meanwhile.
    pub fn start(reply: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        for name in ["mail", "spool", "log"] {
            fs::create_dir(path.join(name)).expect("a folder");
        }
        python::run("certificate.py", &[&path.display().to_string()], "");
        let (uid, gid) = user();
        let home = path.display();
        write(&path.join("exim.conf"), &configuration(path, reply));
        write(&path.join("passwd"), &format!("Debian-exim:x:{uid}:{gid}::{home}:/bin/sh\n"));
        write(&path.join("group"), &format!("Debian-exim:x:{gid}:\n"));
        write(&path.join("full"), "");
        for name in [".", "mail", "spool", "log", "cert.pem", "key.pem", "exim.conf", "passwd", "group", "full"] {
            chown(path.join(name), Some(uid), Some(gid)).expect("given to who runs it");
        }
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let place = path.to_owned();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if !place.exists() {
                    return;
                }
                serve(&place, stream);
            }
        });
        Self { folder, port, derwent: None }
    }

    /// Mails to reply@… go into `derwent reply`, with this database.
    pub fn start_with_derwent(database_url: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder").keep();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("its mode");
        // Whoever exim runs as may not be let into the tree.
        let binary = folder.join("derwent");
        let built = env!("CARGO_BIN_EXE_derwent");
        fs::hard_link(built, &binary).or_else(|_| fs::copy(built, &binary).map(drop)).expect("the binary");
        let script = folder.join("reply");
        write(&script, &format!("#!/bin/sh\nDERWENT_DATABASE_URL='{database_url}' exec {} reply\n", binary.display()));
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("its mode");
        let mut exim = Self::start(&script.display().to_string());
        exim.derwent = Some(folder);
        exim
    }

    /// A mail, as a program on the mail server's own machine hands it in; returns what exim said. Blocks the thread meanwhile.
    pub fn hand_in(&self, from: &str, mail: &str) -> String {
        let mut command = exim4(self.folder.path());
        command.args(["-odi", "-f", from, "-t"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("exim4");
        child.stdin.take().expect("piped").write_all(mail.as_bytes()).expect("read");
        let output = child.wait_with_output().expect("it ends");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }

    pub fn url(&self) -> String {
        format!("smtp://{LOGIN}@localhost:{}?tls=required", self.port)
    }

    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    /// From now on later@… is taken.
    pub fn opens(&self) {
        fs::remove_file(self.folder.path().join("full")).expect("it was full");
    }

    /// What is in somebody's mailbox, as it came.
    pub fn mails(&self, name: &str) -> Vec<String> {
        let Ok(new) = fs::read_dir(self.folder.path().join("mail").join(name).join("new")) else { return Vec::new() };
        let mut paths: Vec<PathBuf> = new.map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        paths.iter().map(|path| fs::read_to_string(path).expect("a mail")).collect()
    }

    pub async fn wait_for(&self, name: &str, count: usize) -> Vec<String> {
        for _ in 0..6000 {
            let mails = self.mails(name);
            if mails.len() >= count {
                return mails;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("expected {count} mails to {name}, got {:?}; {}", self.mails(name), self.log());
    }

    /// What exim says that it did.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log/mainlog")).unwrap_or_default()
    }
}

impl Drop for Exim {
    fn drop(&mut self) {
        // What it cannot wait for any more: the next connection finds the folder gone.
        let _ = fs::remove_dir_all(self.folder.path());
        if let Some(folder) = &self.derwent {
            let _ = fs::remove_dir_all(folder);
        }
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// Ourselves. Exim delivers nothing as root: then it is whoever runs the database for root, so that what it starts can reach that.
fn user() -> (u32, u32) {
    let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
    if !uid.is_root() {
        return (uid.as_raw(), gid.as_raw());
    }
    let passwd = fs::read_to_string("/etc/passwd").expect("/etc/passwd");
    let ids = |name: &str| -> Option<(u32, u32)> {
        let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut ids = line.split(':').skip(2);
        Some((ids.next()?.parse().ok()?, ids.next()?.parse().ok()?))
    };
    ids("postgres").or_else(|| ids("nobody")).expect("a user who is not root")
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).expect("its mode");
}

/// As whoever it runs as, with this folder's configuration.
fn exim4(place: &Path) -> Command {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache/exim4");
    let libraries = home.join("libraries");
    let mut command = Command::new(home.join("usr/sbin/exim4"));
    command
        .arg("-C")
        .arg(place.join("exim.conf"))
        .env_clear()
        .env("LD_LIBRARY_PATH", &libraries)
        .env("LD_PRELOAD", libraries.join("libnss_wrapper.so"))
        .env("NSS_WRAPPER_PASSWD", place.join("passwd"))
        .env("NSS_WRAPPER_GROUP", place.join("group"));
    if rustix::process::geteuid().is_root() {
        let (uid, gid) = user();
        command.uid(uid).gid(gid);
    }
    command
}

fn serve(place: &Path, stream: TcpStream) {
    let mut command = exim4(place);
    command
        .arg("-bs")
        .stdin(Stdio::from(OwnedFd::from(stream.try_clone().expect("another end"))))
        .stdout(Stdio::from(OwnedFd::from(stream)))
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("exim4: {error}; `make exim4` brings it"));
    std::thread::spawn(move || child.wait());
}

fn configuration(place: &Path, reply: &str) -> String {
    let (place, exim) = (place.display(), Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache/exim4/usr/sbin/exim4"));
    let (login, password) = LOGIN.split_once(':').expect("both");
    format!(
        r#"
primary_hostname = localhost
exim_path = {exim}
spool_directory = {place}/spool
log_file_path = {place}/log/%slog
keep_environment = LD_LIBRARY_PATH : LD_PRELOAD : NSS_WRAPPER_PASSWD : NSS_WRAPPER_GROUP
deliver_drop_privilege = true
host_lookup =
tls_certificate = {place}/cert.pem
tls_privatekey = {place}/key.pem
tls_advertise_hosts = *
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}
acl_smtp_rcpt = recipient
acl_smtp_data = accept_data

begin acl
recipient:
  deny
    message = sign in first
    !authenticated = *
  defer
    message = mailbox is full
    local_parts = later
    condition = ${{if exists{{{place}/full}}}}
  require verify = recipient
  accept
accept_data:
  accept

begin routers
reply:
  driver = accept
  local_parts = reply
  transport = reply
people:
  driver = accept
  domains = example.org
  local_parts = ida : later
  transport = mailbox

begin transports
mailbox:
  driver = appendfile
  directory = {place}/mail/$local_part_data
  maildir_format
  create_directory
  envelope_to_add
  return_path_add
reply:
  driver = pipe
  command = {reply}
  return_path_add
  temp_errors = 75
  log_output
  timeout = 1m

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{login}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
"#,
        exim = exim.display(),
    )
}
