//! What a browser's own tools can do beside driving it: pretend to be another screen, take a
//! picture of the page, and examine it with axe-core.

use super::{Browser, eventually, screenshots};
use serde_json::{Value, json};
use std::{fs, path::PathBuf};

/// Where `bin/test` puts axe-core.
const AXE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/target/tools/node_modules/axe-core/axe.min.js"
);
const MISSING: &str = "axe-core is missing: run bin/test once, which fetches it with npm";
/// The colour schemes and widths that every page is looked at in. 320 px is WCAG's narrowest; the
/// last is how a tour goes on.
const LOOKS: [(&str, u32); 4] = [
    ("dark", 1280),
    ("dark", 320),
    ("light", 320),
    ("light", 1280),
];
/// Everything that is wrong with the page as it is shown now.
const EXAMINE: &str = r"
    const done = arguments[arguments.length - 1];
    const problems = [];
    const { scrollWidth, clientWidth } = document.scrollingElement;
    if (scrollWidth > clientWidth) {
        const wide = [...document.querySelectorAll('main *')].filter(element =>
            element.getBoundingClientRect().right > clientWidth).map(element => element.outerHTML);
        problems.push(`it scrolls sideways, ${scrollWidth} > ${clientWidth}: ${wide.slice(-1)}`);
    }
    if (localStorage.length + sessionStorage.length) problems.push('something is stored');
    for (const { name } of performance.getEntriesByType('resource')) {
        if (!name.startsWith(`${location.origin}/`) && !name.startsWith('blob:')) {
            problems.push(`it asked another host: ${name}`);
        }
    }
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    axe.run(document, {
        runOnly: { type: 'tag', values: tags },
        rules: { 'target-size': { enabled: true } },
        resultTypes: ['violations'],
    }).then(({ violations }) => {
        for (const { id, nodes } of violations) {
            for (const { html, failureSummary } of nodes) {
                problems.push(`${id}: ${html}: ${failureSummary}`);
            }
        }
        done(problems);
    }, error => done([String(error)]));";

/// Every layout shift since the page began. What was buffered comes before the mark.
const SHIFTS: &str = r"
    const done = arguments[arguments.length - 1];
    const shifts = [];
    const observer = new PerformanceObserver(list => {
        for (const entry of list.getEntries()) {
            if (entry.entryType === 'mark') {
                observer.disconnect();
                return done(shifts);
            }
            if (entry.hadRecentInput) continue;
            const moved = entry.sources.map(({ node }) => node?.outerHTML ?? 'something');
            shifts.push(`${entry.value}: ${moved}`);
        }
    });
    observer.observe({ type: 'layout-shift', buffered: true });
    observer.observe({ type: 'mark' });
    requestAnimationFrame(() => requestAnimationFrame(() => performance.mark('looked')));";

impl Browser {
    /// Speaks the `DevTools` protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        let answer = self.driver_says("goog/cdp/execute", &body).await;
        assert!(answer["error"].is_null(), "{command}: {answer}");
        answer
    }

    /// Pretends that the person prefers this, as the page's media queries see it.
    pub async fn prefer(&self, feature: &str, value: &str) {
        let media = json!({ "features": [{ "name": feature, "value": value }] });
        self.devtools("Emulation.setEmulatedMedia", media).await;
        let query = format!("return matchMedia('({feature}: {value})').matches");
        eventually(&format!("{feature} is {value}"), || async {
            (self.run(&query, vec![]).await == json!(true)).then_some(())
        })
        .await;
    }

    /// What moved on the page although nobody touched it, and how far: nothing should.
    pub async fn shifts(&self) -> Vec<String> {
        let shifts = self.client.execute_async(SHIFTS, vec![]).await;
        let shifts = shifts.expect("the observer answers");
        let shifts = shifts.as_array().expect("a list");
        let told = shifts.iter().filter_map(Value::as_str);
        told.map(str::to_owned).collect()
    }

    /// Pretends that the person prefers these colours and has a window this wide.
    pub async fn look_like(&self, scheme: &str, width: u32) {
        // Without motion: a colour on its way from one to another is none of the page's.
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        let media = json!({ "features": features });
        self.devtools("Emulation.setEmulatedMedia", media).await;
        let screen =
            json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", screen)
            .await;
        let looks = "return innerWidth === arguments[1]
            && matchMedia(`(prefers-color-scheme: ${arguments[0]})`).matches";
        let arguments = vec![json!(scheme), json!(width)];
        eventually(&format!("it looks {scheme}, {width} px wide"), || async {
            (self.run(looks, arguments.clone()).await == json!(true)).then_some(())
        })
        .await;
    }

    /// Examines the page in every look. Gives what is wrong, with the paths of screenshots.
    pub async fn examine(&self, what: &str) -> Vec<String> {
        let axe = fs::read_to_string(AXE).expect(MISSING);
        self.client.execute(&axe, vec![]).await.expect("axe-core");
        let mut found = Vec::new();
        for (scheme, width) in LOOKS {
            self.look_like(scheme, width).await;
            let problems = self.client.execute_async(EXAMINE, vec![]).await;
            let problems = problems.expect("axe-core answers");
            let problems = problems.as_array().expect("a list");
            if problems.is_empty() {
                continue;
            }
            let shot = self.screenshot(&format!("{what} {scheme} {width}")).await;
            let told = problems.iter().filter_map(Value::as_str);
            found.extend(told.map(|problem| format!("{what}, {scheme}, {width} px: {problem}")));
            found.push(format!("    see {}", shot.display()));
        }
        found
    }

    /// Takes a picture of what is shown, for people who look into a failure.
    pub async fn screenshot(&self, name: &str) -> PathBuf {
        let path = screenshots::path(name);
        let picture = self.client.screenshot().await.expect("a screenshot");
        fs::write(&path, picture).expect("it can be written");
        path
    }
}
