//! Who runs the server. PostgreSQL refuses to run as root, so when we are root somebody else does, and what the server
//! must read or write has to be theirs.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use anyhow::{Context, bail};
use tokio::process::Command;

/// Another user than ourselves.
#[derive(Clone, Debug)]
pub struct ServerUser {
    name: String,
    uid: u32,
    gid: u32,
}

impl ServerUser {
    /// None when we are an ordinary user: then the server runs as ourselves.
    pub fn needed() -> anyhow::Result<Option<Self>> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let passwd = std::fs::read_to_string("/etc/passwd").context("/etc/passwd cannot be read")?;
        let user = ["postgres", "nobody"].into_iter().find_map(|name| Self::in_passwd(&passwd, name));
        match user {
            Some(user) => Ok(Some(user)),
            None => bail!(
                "PostgreSQL does not run as root, and there is no user postgres or nobody to run it; start derwent as an ordinary user"
            ),
        }
    }

    fn in_passwd(passwd: &str, wanted: &str) -> Option<Self> {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next().filter(|name| *name == wanted)?.to_owned();
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            Some(Self { name, uid, gid })
        })
    }

    pub fn uid(&self) -> u32 {
        self.uid
    }

    pub fn run(&self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }

    pub fn give(&self, path: &Path) -> anyhow::Result<()> {
        chown(path, Some(self.uid), Some(self.gid))
            .with_context(|| format!("{} cannot be given to user {}", path.display(), self.name))
    }

    /// Whether this user can come as far as `path`; refuses in words if not.
    pub fn can_reach(&self, path: &Path, correct: &str) -> anyhow::Result<()> {
        for folder in path.ancestors() {
            let metadata = folder.metadata().with_context(|| format!("{} cannot be read", folder.display()))?;
            let mode = metadata.permissions().mode();
            let enters = match () {
                () if metadata.uid() == self.uid => mode & 0o100,
                () if metadata.gid() == self.gid => mode & 0o010,
                () => mode & 0o001,
            };
            if enters == 0 {
                bail!(
                    "user {}, who runs the database because root may not, cannot enter {}; {correct}",
                    self.name,
                    folder.display()
                );
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_exact_name() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\npostgres-old:x:7:8::/:/bin/sh\nnobody:x:65534:65533:nobody:/nonexistent:/usr/sbin/nologin\n";
        assert!(ServerUser::in_passwd(passwd, "postgres").is_none());
        let nobody = ServerUser::in_passwd(passwd, "nobody").expect("there");
        assert_eq!((nobody.uid, nobody.gid), (65534, 65533));
    }
}
