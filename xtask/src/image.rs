//! The release directory and Muster's own Docker images. Images are made from what this machine built: no registry is asked.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};

use crate::{build, command, docker, progress, progress::say, project::Project, sbom, setup, web};

const PROGRAMS: [&str; 2] = ["muster", "muster-worker"];

/// Builds everything optimised and lays it out as the Dockerfile expects it.
pub(crate) fn dist(project: &Project, out: &Path) -> Result<()> {
    setup::targets(&[setup::WASM])?;
    progress::step("building the server and the worker, optimised", || {
        command::run(&mut project.cargo(&["build", "--release", "--package", "server", "--package", "worker"]))
    })?;
    let assets = progress::step("building the console", || web::build(project, web::Profile::Release))?;
    lay_out(project, out, &project.target.join("release"), &assets)?;
    say(&format!("The programs and the assets are in {}", out.display()));
    Ok(())
}

/// Builds the programs and the console, and the two images from them.
pub(crate) fn images(project: &Project, tag: &str) -> Result<()> {
    setup::needs(&[setup::Need::Docker])?;
    fs::create_dir_all(project.target.join("xtask"))?;
    let engine = docker::Engine::ensure(&project.target.join("xtask/dockerd.log"))?;
    let made = build::programs(project)
        .and_then(|programs| build::assets(project).map(|assets| (programs, assets)))
        .and_then(|(programs, assets)| build_images(project, &programs, &assets, tag));
    engine.stop();
    let Images { server, worker } = made?;
    say(&format!("The images are {server} and {worker}"));
    Ok(())
}

/// Muster's own images, by name.
pub(crate) struct Images {
    pub(crate) server: String,
    pub(crate) worker: String,
}

/// Builds `muster-server:TAG` and `muster-worker:TAG` from the repository's Dockerfile; needs an engine that answers. The places
/// of the public images are taken by images made here: one with the built programs and a shell, one with the libraries the
/// programs link, and one with what the worker's steps call.
pub(crate) fn build_images(project: &Project, programs: &Path, assets: &Path, tag: &str) -> Result<Images> {
    tools_image(project)?;
    progress::step("building Muster's images", || {
        let work = project.target.join("xtask/images");
        if work.exists() {
            fs::remove_dir_all(&work)?;
        }
        let base = work.join("base");
        let paths: Vec<PathBuf> = PROGRAMS.iter().map(|name| programs.join(name)).collect();
        copy_libraries(&paths, &base)?;
        import(&base, "muster-base:local")?;

        let builder = work.join("builder");
        lay_out(project, &builder.join("out"), programs, assets)?;
        let shell = Path::new("/bin/sh").canonicalize()?;
        fs::create_dir_all(builder.join("bin"))?;
        fs::copy(&shell, builder.join("bin/sh"))?;
        copy_libraries(&[shell], &builder)?;
        import(&builder, "muster-builder:local")?;

        let worker = work.join("worker");
        let client = command::which("docker").context("the Docker client is not installed")?;
        fs::create_dir_all(worker.join("root/usr/local/bin"))?;
        fs::copy(&client, worker.join("root/usr/local/bin/docker"))?;
        copy_libraries(&[client], &worker.join("root"))?;
        fs::write(worker.join("Dockerfile"), format!("FROM {TOOLS}\nCOPY root/ /\n"))?;
        let mut docker = Command::new("docker");
        docker.args(["build", "-q", "--label", docker::OURS, "-t", "muster-worker-base:local"]);
        command::run(docker.arg(&worker))?;

        let build = |target: &str| {
            let image = format!("muster-{target}:{tag}");
            let mut docker = Command::new("docker");
            docker.args(["build", "-q", "--label", docker::OURS, "--target", target, "-t", &image]);
            docker.args(["--build-arg", "BUILDER=muster-builder:local", "--build-arg", "BASE=muster-base:local"]);
            docker.args(["--build-arg", "WORKER_BASE=muster-worker-base:local"]);
            command::run(docker.arg(&project.root)).map(|()| image)
        };
        let images = Images { server: build("server")?, worker: build("worker")? };
        docker::prune();
        Ok(images)
    })
}

/// Made once, because its packages come from the distribution's archive; a new name makes it anew.
const TOOLS: &str = "muster-worker-tools:1";

/// What scripts and Compose need, as the Dockerfile installs it. The Docker client is this machine's: it is known to go with
/// the engine, and not every distribution has it without the engine.
fn tools_image(project: &Project) -> Result<()> {
    if docker::has_image(TOOLS) {
        return Ok(());
    }
    setup::needs(&[setup::Need::Mmdebstrap])?;
    progress::step("building the worker's tools from Debian packages, once", || {
        let tar = project.target.join("xtask/worker-tools.tar");
        let mut build = Command::new("sh");
        build.arg(project.path("plans/bt2c/testnet/postgres/build.sh")).arg("--packages").arg(&tar);
        command::run(build.args(["bash", "curl", "jq", setup::compose_package()]).current_dir(&project.root))?;
        let done = command::run(Command::new("docker").arg("import").arg(&tar).arg(TOOLS));
        fs::remove_file(&tar)?;
        done
    })
}

/// `muster`, `muster-worker`, `assets/`, what is linked into them, and an empty `data/` for the volume.
fn lay_out(project: &Project, out: &Path, programs: &Path, assets: &Path) -> Result<()> {
    fs::create_dir_all(out.join("data"))?;
    // Docker takes over the owner of a directory only with something in it.
    fs::write(out.join("data/.keep"), "")?;
    fs::write(out.join("sbom.cdx.json"), sbom::document(project)?)?;
    for name in PROGRAMS {
        fs::copy(programs.join(name), out.join(name)).with_context(|| format!("cannot copy {name}"))?;
    }
    let target = out.join("assets");
    if target.exists() {
        fs::remove_dir_all(&target)?;
    }
    copy_tree(assets, &target)
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() {
            copy_tree(&path, &to.join(name))?;
        } else {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}

/// The dynamic loader and the libraries these programs link, under their own paths.
fn copy_libraries(programs: &[PathBuf], root: &Path) -> Result<()> {
    let mut libraries = BTreeSet::new();
    for program in programs {
        // A static program has none, and `ldd` says so with a failure.
        let said = Command::new("ldd").arg(program).output().context("ldd is missing")?;
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        libraries.extend(said.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from));
    }
    fs::create_dir_all(root.join("tmp"))?;
    // A memory file system that is mounted there takes this over: whoever runs in the container must be able to write.
    fs::set_permissions(root.join("tmp"), fs::Permissions::from_mode(0o1777))?;
    for library in libraries {
        let inside = root.join(library.strip_prefix("/")?);
        if let Some(parent) = inside.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::copy(&library, &inside).with_context(|| format!("cannot copy {}", library.display()))?;
    }
    Ok(())
}

fn import(root: &Path, name: &str) -> Result<()> {
    let mut tar = Command::new("tar")
        .args(["--owner=0", "--group=0", "--numeric-owner", "-c", "-C"])
        .arg(root)
        .arg(".")
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run tar")?;
    let pipe = tar.stdout.take().context("tar has no output")?;
    let label = format!("LABEL {}", docker::OURS);
    let imported = Command::new("docker")
        .args(["import", "-c", "ENV PATH=/usr/local/bin:/usr/bin:/bin", "-c", &label, "-", name])
        .stdin(pipe)
        .stdout(Stdio::null())
        .status();
    ensure!(tar.wait()?.success(), "tar could not pack {}", root.display());
    ensure!(imported.context("cannot run docker")?.success(), "docker could not import {name}");
    Ok(())
}
