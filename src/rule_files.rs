//! Rule packs as they lie in a folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// The files of one pack's folder or of a folder of packs, by path: `hypertension/rules.toml`.
pub fn read(path: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let path = path.canonicalize().with_context(|| {
        format!("there is no folder {}; name a pack's folder, or a folder of packs", path.display())
    })?;
    let mut files = BTreeMap::new();
    if path.join("rules.toml").exists() {
        read_pack(&path, &mut files)?;
        return Ok(files);
    }
    let folders: Vec<PathBuf> = entries(&path)?.into_iter().filter(|entry| entry.is_dir()).collect();
    let packs = folders.iter().filter(|folder| folder.join("rules.toml").exists()).count();
    anyhow::ensure!(packs > 0, "there is no pack in {}; a pack is a folder with a rules.toml", path.display());
    // A folder beside them without one is read too: `rule.toml` is a mistake to hear of, not to pass over.
    for folder in folders {
        read_pack(&folder, &mut files)?;
    }
    Ok(files)
}

fn read_pack(folder: &Path, files: &mut BTreeMap<String, String>) -> anyhow::Result<()> {
    let pack = name(folder);
    read_folder(folder, &pack, files)?;
    for inner in entries(folder)?.into_iter().filter(|inner| inner.is_dir()) {
        read_folder(&inner, &format!("{pack}/{}", name(&inner)), files)?;
    }
    Ok(())
}

fn read_folder(folder: &Path, path: &str, files: &mut BTreeMap<String, String>) -> anyhow::Result<()> {
    for file in entries(folder)?.into_iter().filter(|file| file.is_file()) {
        let text = fs::read_to_string(&file).with_context(|| format!("could not read {} as text", file.display()))?;
        files.insert(format!("{path}/{}", name(&file)), text);
    }
    Ok(())
}

/// What stands in a folder, hidden files aside.
fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("could not read the folder {}", folder.display()))?;
    let mut paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    paths.retain(|path| !name(path).starts_with('.'));
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
