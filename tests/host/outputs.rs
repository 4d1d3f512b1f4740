//! What a file replaces, and what it does not.

use spherec::evaluate::metrics::ndcg;
use spherec::export::{NewFile, check_free, is_same_file, obstacle};
use spherec::plot::{Map, TsneOptions, tsne};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

fn write(path: &Path, force: bool) -> spherec::Result<()> {
    let mut file = NewFile::create(path, force)?;
    file.write(b"new")?;
    file.finish()
}

#[cfg(unix)]
#[test]
fn devices_pipes_sockets_links_and_folders_are_not_replaced() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    let place = TempDir::new().unwrap();
    let at = |name: &str| place.path().join(name);
    fs::write(at("mine"), "mine").unwrap();
    fs::create_dir(at("folder")).unwrap();
    symlink("mine", at("link")).unwrap();
    symlink("nothing", at("dangling")).unwrap();
    symlink("folder", at("to-folder")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
    for (path, what) in [
        (at("folder"), "a folder"),
        (at("link"), "a link"),
        (at("dangling"), "a link"),
        (at("to-folder"), "a link"),
        (at("pipe"), "a pipe"),
        (at("socket"), "not a regular file"),
    ] {
        assert_eq!(obstacle(&path), Some(what));
        for force in [false, true] {
            for result in [check_free(&path, force), write(&path, force)] {
                let error = result.unwrap_err().to_string();
                assert!(error.contains(&format!(": is {what}")), "{error}");
            }
        }
    }
    // Only looked at: if it were replaced, the whole machine would miss it.
    assert_eq!(obstacle(Path::new("/dev/null")), Some("a device"));
    assert!(fs::symlink_metadata(at("link")).unwrap().is_symlink());
    assert!(fs::symlink_metadata(at("pipe")).unwrap().file_type().is_fifo());
    assert_eq!(fs::read(at("mine")).unwrap(), b"mine");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 7);
    // What takes the name while the file is written is not replaced either.
    let mut file = NewFile::create(&at("late"), true).unwrap();
    file.write(b"new").unwrap();
    symlink("mine", at("late")).unwrap();
    assert!(file.finish().unwrap_err().to_string().contains("is a link"));
    assert_eq!(fs::read(at("mine")).unwrap(), b"mine");
}

#[cfg(unix)]
#[test]
fn a_replaced_file_keeps_its_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let place = TempDir::new().unwrap();
    let path = place.path().join("private");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(obstacle(&path), None);
    write(&path, true).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn names_may_be_as_long_as_the_file_system_allows() {
    let place = TempDir::new().unwrap();
    let longest = place.path().join("n".repeat(255));
    write(&longest, false).unwrap();
    assert_eq!(fs::read(&longest).unwrap(), b"new");
    // Told before the work, not after it.
    let path = place.path().join("n".repeat(300));
    assert!(check_free(&path, false).is_err() && NewFile::create(&path, true).is_err());
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
}

#[test]
fn one_file_is_known_by_all_its_paths() {
    let place = TempDir::new().unwrap();
    let at = |name: &str| place.path().join(name);
    fs::create_dir(at("there")).unwrap();
    let [here, there] = [at("a.csv"), at("there/a.csv")];
    assert!(!is_same_file(&here, &there));
    // Of none of these is there a file yet.
    for same in ["a.csv", "A.csv", "./a.csv", "there/../a.csv", "not/there/../../a.csv"] {
        assert!(is_same_file(&here, &at(same)), "{same}");
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("there", at("link")).unwrap();
        assert!(is_same_file(&there, &at("link/a.csv")));
        fs::write(&there, "").unwrap();
        std::os::unix::fs::symlink("there/a.csv", at("direct")).unwrap();
        assert!(is_same_file(&there, &at("direct")) && is_same_file(&there, &at("link/A.csv")));
    }
}

#[test]
fn maps_of_no_rows_or_of_endless_ones_take_no_memory() {
    let options = TsneOptions::default();
    assert!(tsne(&[], 1 << 61, &options, |_| ()).unwrap().is_empty());
    let error = tsne(&vec![1.0; 463_262], 463_262, &options, |_| ()).unwrap_err().to_string();
    assert!(error.contains("4096") && error.contains("463262"), "{error}");
    assert!(Map::check_dim(4096).is_ok() && Map::check_dim(1 << 61).is_err());
}

#[test]
fn no_hit_is_zero_and_not_less() {
    assert!(ndcg(&[1], &[0], 1).is_sign_positive());
}
