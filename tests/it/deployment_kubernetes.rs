//! The manifests for Kubernetes: that they fit the service, and keep it on a short leash.

use crate::{
    deployment::{file, starts_in_production, yaml},
    support::TestApp,
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs};

fn manifest(name: &str) -> Value {
    yaml(&format!("deploy/kubernetes/{name}.yaml"))
}

fn replica() -> Value {
    manifest("deployment")["spec"]["template"]["spec"].clone()
}

#[test]
fn every_manifest_is_applied_but_the_example_of_a_secret() {
    let resources = manifest("kustomization")["resources"].clone();
    let resources: BTreeSet<_> = resources
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r.as_str().unwrap().to_owned())
        .collect();
    let folder = fs::read_dir(file("deploy/kubernetes")).unwrap();
    let files = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let expected: BTreeSet<_> = files
        .filter(|name| name != "kustomization.yaml" && name != "secret.example.yaml")
        .collect();
    assert_eq!(resources, expected);
}

#[test]
fn config_and_secret_start_a_service_in_production() {
    let mut settings = manifest("config")["data"].as_object().unwrap().clone();
    settings.extend(
        manifest("secret.example")["stringData"]
            .as_object()
            .unwrap()
            .clone(),
    );
    let config = starts_in_production(&settings);
    assert!(!config.auto_migrate && !config.trusted_proxies.is_empty() && config.rate_limits);
    let from: Vec<_> = replica()["containers"][0]["envFrom"]
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(
        from,
        [
            json!({ "configMapRef": { "name": "users-service" } }),
            json!({ "secretRef": { "name": "users-service" } })
        ]
    );
}

#[test]
fn nothing_runs_as_root_or_writes_outside_its_volume() {
    let migration = manifest("migrate")["spec"]["template"]["spec"].clone();
    for pod in [replica(), migration] {
        let context = &pod["securityContext"];
        assert_eq!(
            (&context["runAsNonRoot"], &context["runAsUser"]),
            (&json!(true), &json!(65532))
        );
        assert_eq!(context["seccompProfile"]["type"], "RuntimeDefault");
        assert_eq!(pod["automountServiceAccountToken"], false);
        for container in pod["containers"].as_array().unwrap() {
            let context = &container["securityContext"];
            assert_eq!(context["allowPrivilegeEscalation"], false);
            assert_eq!(context["readOnlyRootFilesystem"], true);
            assert_eq!(context["capabilities"]["drop"], json!(["ALL"]));
            assert!(container["resources"]["limits"]["memory"].is_string());
        }
    }
    assert_eq!(
        replica()["containers"][0]["volumeMounts"][0]["mountPath"],
        "/data"
    );
    assert_eq!(
        manifest("namespace")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"],
        "restricted"
    );
}

#[tokio::test]
async fn the_probes_ask_for_what_there_is() {
    let app = TestApp::start().await;
    let container = &replica()["containers"][0];
    for (probe, path) in [
        ("startupProbe", "/health"),
        ("readinessProbe", "/health"),
        ("livenessProbe", "/livez"),
    ] {
        assert_eq!(container[probe]["httpGet"]["path"], path);
        assert_eq!(
            container[probe]["httpGet"]["port"],
            container["ports"][0]["name"]
        );
        app.api().get(path).await.expect(200);
    }
}

#[test]
fn a_pod_has_time_to_finish() {
    let pod = replica();
    let pause = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
        .as_u64()
        .unwrap();
    let grace = pod["terminationGracePeriodSeconds"].as_u64().unwrap();
    // One second of lingering and ten to finish (src/ops/server.rs).
    assert!(pause > 0 && grace > pause + 11, "{grace} s");
}

#[test]
fn everything_means_the_same_pods() {
    let labels = &manifest("deployment")["spec"]["template"]["metadata"]["labels"];
    for selector in [
        &manifest("deployment")["spec"]["selector"]["matchLabels"],
        &manifest("service")["spec"]["selector"],
        &manifest("disruption")["spec"]["selector"]["matchLabels"],
    ] {
        assert_eq!(selector, labels);
    }
    let scaled = &manifest("autoscaling")["spec"];
    assert_eq!(
        scaled["scaleTargetRef"]["name"],
        manifest("deployment")["metadata"]["name"]
    );
    assert!(
        scaled["minReplicas"].as_u64() >= Some(2),
        "one may go at any time"
    );
    let image = &manifest("kustomization")["images"][0]["name"];
    assert_eq!(&replica()["containers"][0]["image"], image);
}
