//! temp
#![allow(warnings, clippy::all)]
use shared::{plan::compile, domain::{access::Role, actor::Actor, approval::*, incident::*, run::*, status::Impact}, ids::*};
use store::{*, embedded::{self, Options}};
use std::time::{Duration, Instant};
async fn append(store:&Store, id: RunId, by:&Actor, evs: Vec<RunEvent>, job: Option<JobKind>) -> Run {
    let mut tx = store.begin().await.unwrap();
    let mut run = tx.run_lock_id(id).await.unwrap().run;
    for e in evs { tx.run_append(&mut run, e, by).await.unwrap(); }
    if let Some(k)=job { tx.job_add(id,k).await.unwrap(); }
    tx.commit().await.unwrap();
    run
}
#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let dir = std::path::PathBuf::from("/dev/shm/wkhand");
    std::fs::create_dir_all(&dir).unwrap();
    let opts = if std::env::var("DURABLE").is_ok() { Options{ keep_running:true, password:false, ..Options::default()} } else { Options::for_tests() };
    let dir = std::env::var("MUSTER_DATA_DIR").map(std::path::PathBuf::from).unwrap_or(dir);
    let e = embedded::start_with(&dir, &opts).await.unwrap();
    let store = Store::connect(e.url()).await.unwrap();
    store.migrate().await.unwrap();
    match args[0].as_str() {
        "setup" => {
            let project=&args[1];
            let mut source = std::fs::read_to_string("plans/bt2c/plan.md").unwrap();
            source = source.replace(":8081",":28081").replace(":8082",":28082");
            if args.len()>2 { source = source.replace("restart validator1", &format!("restart {}", args[2])); }
            let plan = compile(&source).plan;
            let mut tx = store.begin().await.unwrap();
            let op = tx.user_create(&NewUser{email:&format!("op@{project}.x"),name:"Op",password_hash:"x",role:Role::Operator,contact_roles:&[]}).await.unwrap();
            tx.user_create(&NewUser{email:&format!("ap@{project}.x"),name:"Ap",password_hash:"x",role:Role::Approver,contact_roles:&[]}).await.unwrap();
            let by = Actor::User{id:op.id,name:op.name.clone()};
            let s = tx.system_create(project, project, project).await.unwrap();
            tx.plan_version_add(s.id, plan.digest, &source, &by, "x").await.unwrap();
            let a = Affected{component:"validator1".into(),name:"V1".into(),impact:Impact::MajorOutage,rto_seconds:Some(600)};
            let inc = Incident{title:"down".into(),level:1,response_seconds:Some(3600),affected:vec![a.clone()],state:IncidentState::Declared,declared_at:tx.now(),acknowledged_at:None,resolved_at:None,public_title:None,public_state:None};
            let r = tx.incident_create(s.id,&inc,"Minor",&by,&IncidentEvent::Declared{level:1,affected:vec![a],text:None}).await.unwrap();
            tx.commit().await.unwrap();
            println!("incident {}", r.number);
        }
        "request" => {
            let s = store.system_by_slug(&args[1]).await.unwrap();
            let v = store.plan_current(s.id).await.unwrap().unwrap();
            let plan = compile(&v.source).plan;
            let p = plan.procedures[0].clone();
            let inc = store.incident_list(None, 100).await.unwrap().into_iter().find(|i| i.system==s.id).unwrap();
            let op = store.user_list().await.unwrap().into_iter().find(|u| u.email==format!("op@{}.x",args[1])).unwrap();
            let by = Actor::User{id:op.id,name:op.name.clone()};
            let mut tx = store.begin().await.unwrap();
            let mut run = tx.run_create(NewRun{incident:inc.id,system:s.id,project:s.project.clone(),plan_version:v.id,plan_digest:v.digest,procedure:p,policy:ApprovalPolicy::default(),requested_by:op.id}).await.unwrap();
            tx.run_append(&mut run, RunEvent::Requested,&by).await.unwrap();
            tx.job_add(run.header.id, JobKind::Resolve).await.unwrap();
            tx.commit().await.unwrap();
            let t=Instant::now();
            let run = loop { let r = store.run_fetch(run.header.id).await.unwrap().run; if r.state!=RunState::Resolving {break r} tokio::time::sleep(Duration::from_millis(2)).await; if t.elapsed().as_secs()>40 {panic!("not resolved")} };
            println!("run {} {:?} after {:?} {:?}", run.header.number, run.state, t.elapsed(), run.reason);
            if args.len()>2 && run.state==RunState::AwaitingApproval {
                let ap = store.user_list().await.unwrap().into_iter().find(|u| u.email==format!("ap@{}.x",args[1])).unwrap();
                let d = Decision{by:ap.id,name:ap.name.clone(),at:store.now().await.unwrap(),content:run.content().unwrap(),choice:Choice::Approve};
                append(&store, run.header.id, &Actor::User{id:ap.id,name:ap.name}, vec![RunEvent::Decided{decision:d},RunEvent::Granted], Some(JobKind::Execute)).await;
                let t=Instant::now();
                println!("approved");
                if args[2]=="watch" {
                    let r = loop { let r = store.run_fetch(run.header.id).await.unwrap().run; if !matches!(r.state, RunState::Queued|RunState::Running) {break r} tokio::time::sleep(Duration::from_millis(50)).await; if t.elapsed().as_secs()>150 {panic!("not ended {:?}", r.state)} };
                    println!("{:?} after {:?}", r.state, t.elapsed());
                }
            }
        }
        "answer" => {
            let rec = store.run_by_number(args[1].parse().unwrap()).await.unwrap();
            let a = match args[2].as_str(){"retry"=>Answer::Retry,"skip"=>Answer::Skip{reason:"x".into()},_=>Answer::Stop{reason:"x".into()}};
            let step = rec.run.question.clone().unwrap().0;
            let job = if matches!(a,Answer::Stop{..}) {None} else {Some(JobKind::Execute)};
            append(&store, rec.run.header.id, &Actor::CommandLine, vec![RunEvent::Answered{step,answer:a}], job).await;
        }
        "show" => {
            let rec = store.run_by_number(args[1].parse().unwrap()).await.unwrap();
            println!("{:?} {:?}", rec.run.state, rec.run.reason);
            let evs = store.run_events(rec.run.header.id).await.unwrap();
            let mut last = evs[0].at;
            for e in evs { 
                let ms = (e.at.inner()-last.inner()).as_seconds_f64()*1000.0; last=e.at;
                let mut t = format!("{:?}", e.event); t.truncate(220); println!("{:>2} +{:>8.1}ms {} {}", e.seq, ms, e.by, t);
            }
            if args.len()>2 {
            for l in store.output_list(rec.run.header.id,0,1000).await.unwrap() { println!("{}.{} {:?}| {}", l.step,l.attempt,l.stream,l.text); }
            for t in store.incident_timeline(rec.run.header.incident).await.unwrap() { println!("T {} {:?}", t.seq, t.event); }
            let links = store.audit_links(0, 1000).await.unwrap();
            let mut v = shared::domain::audit::Verifier::default(); for (_, l) in &links { v.check(l).unwrap(); } println!("audit {} links ok", links.len());
            }
        }
        _ => panic!()
    }
}
