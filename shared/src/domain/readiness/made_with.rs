//! Whether what a run was made with is still what there is: the scripts and the images that its resolution names, and those that a worker
//! sees now. Knows no plan but the steps it is given.

use crate::{
    domain::{
        resolution::{ObjectKind, Resolution, ResolvedObject},
        sight::Sight,
    },
    plan::{Procedure, StepKind},
};

/// What is not as it was, in words that complete "since then …". What no worker has seen is taken to be as it was; so is a service that
/// has no container now.
pub(super) fn since(procedure: &Procedure, then: &Resolution, drill: bool, now: &Sight) -> Option<String> {
    // Made anew by the run itself, a container may have had a new image in its end.
    let renews = !drill && procedure.steps.iter().any(|step| matches!(step.kind, StepKind::Up { .. }));
    procedure.steps.iter().find_map(|step| {
        let objects = &then.steps.iter().find(|resolved| resolved.number == step.number)?.objects;
        if let StepKind::Script { path, .. } = &step.kind {
            return script(path, objects, drill, now);
        }
        objects.iter().filter(|_| !renews).find_map(|object| image(object, then, drill, now))
    })
}

/// A drill has a directory of scripts of its own: there the script itself is compared, and not what lies beside it.
fn script(path: &str, objects: &[ResolvedObject], drill: bool, now: &Sight) -> Option<String> {
    let seen = now.scripts.get(path)?;
    let name = path.rsplit('/').next().unwrap_or(path);
    let mut files = objects.iter().filter(|object| object.kind == ObjectKind::File);
    if files.next()?.id != seen.digest {
        return Some(format!("the script {name} has changed"));
    }
    let beside = files.next().filter(|_| !drill)?;
    (beside.id != seen.beside).then(|| format!("what lies beside the script {name} has changed"))
}

fn image(object: &ResolvedObject, then: &Resolution, drill: bool, now: &Sight) -> Option<String> {
    let (service, name, id) = (object.service.as_ref()?, object.image.as_ref()?, object.image_id.as_ref()?);
    // What Compose has built for the drill's project is not what it has built for the real one.
    let built = ["-", "_"].iter().any(|dash| name.starts_with(&format!("{}{dash}{service}", then.project)));
    if drill && built {
        return None;
    }
    let seen = now.services.get(service).map(|seen| &seen.images).filter(|images| !images.is_empty())?;
    let same = seen.iter().any(|image| image.id == *id);
    (!same).then(|| format!("the image of {service} has changed"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::sight::{ImageSeen, ScriptSeen, ServiceSeen},
        fixtures,
    };

    fn file(id: &str) -> ResolvedObject {
        ResolvedObject { kind: ObjectKind::File, id: id.into(), service: None, ..container("bt2c") }
    }

    fn container(project: &str) -> ResolvedObject {
        let of = fixtures::container("c1", "validator1");
        let (service, image) = (Some("validator1".into()), Some(format!("{project}-validator1")));
        ResolvedObject { service, image, image_id: Some("i1".into()), ..of }
    }

    fn seen(digest: &str, beside: &str, image: &str) -> Sight {
        let script = ScriptSeen { digest: digest.into(), beside: beside.into() };
        let images = vec![ImageSeen { name: "node:1".into(), id: image.into() }];
        Sight {
            scripts: [("./scripts/heal.sh".to_owned(), script)].into(),
            services: [("validator1".to_owned(), ServiceSeen { states: vec![], images })].into(),
            ..Sight::default()
        }
    }

    #[test]
    fn scripts_and_images_are_compared_with_what_is_there_now() {
        let heal = || StepKind::Script { path: "./scripts/heal.sh".into(), args: vec![] };
        let restart = || StepKind::Restart { services: vec!["validator1".into()] };
        let up = || StepKind::Up { services: vec![] };
        let plain = fixtures::procedure("heal", [heal(), restart()]);
        let made_anew = fixtures::procedure("heal", [heal(), restart(), up()]);
        let then = |project: &str| {
            let steps = [vec![file("s1"), file("d1")], vec![container(project)]];
            let steps = (1..).zip(steps).map(|(number, objects)| fixtures::resolved_step(number, objects)).collect();
            Resolution { project: project.into(), ..fixtures::resolution(steps) }
        };
        let earnest = |now: Sight| since(&plain, &then("bt2c"), false, &now);
        let drilled = |now: Sight| since(&plain, &then("bt2c-drill"), true, &now);
        let said = |text: &str| Some(text.to_owned());
        assert_eq!(earnest(seen("s1", "d1", "i1")), None);
        assert_eq!(earnest(seen("s2", "d1", "i1")), said("the script heal.sh has changed"));
        assert_eq!(earnest(seen("s1", "d2", "i1")), said("what lies beside the script heal.sh has changed"));
        assert_eq!(earnest(seen("s1", "d1", "i2")), said("the image of validator1 has changed"));
        assert_eq!(since(&made_anew, &then("bt2c"), false, &seen("s1", "d1", "i2")), None, "its own doing");
        assert_eq!(earnest(Sight::default()), None, "nobody has looked");
        // A drill has scripts of its own beside it, and images that were built for it.
        assert_eq!(drilled(seen("s1", "d2", "i2")), None);
        assert_eq!(drilled(seen("s2", "d1", "i1")), said("the script heal.sh has changed"));
        assert_eq!(since(&plain, &then("bt2c"), true, &seen("s1", "d1", "i1")), None);
        let mut pulled = then("bt2c-drill");
        pulled.steps[1].objects[0].image = Some("node:1".into());
        assert_eq!(
            since(&made_anew, &pulled, true, &seen("s1", "d1", "i2")),
            said("the image of validator1 has changed")
        );
    }
}
