//! Random rules, from a number.

use alert_rules::Component;

/// Steele, Lea and Flood's SplitMix64.
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub fn from(&mut self, from: i64, to: i64) -> i64 {
        from + self.below((to - from) as usize) as i64
    }

    /// So many times of a hundred.
    pub fn percent(&mut self, of_hundred: usize) -> bool {
        self.below(100) < of_hundred
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
}

/// Numbers that matter to a component: rules and readings take them from here, or from beside them.
pub fn levels(component: Component) -> &'static [f64] {
    match component {
        Component::Systolic => &[65.0, 70.0, 89.0, 90.0, 120.0, 135.0, 140.0, 179.0, 180.0, 220.0, 221.0, 230.0],
        Component::Diastolic => &[38.0, 40.0, 60.0, 64.0],
        Component::Pulse => &[34.0, 35.0, 60.0, 90.0, 110.0, 130.0, 180.0, 190.0],
        Component::Spo2 => &[78.0, 80.0, 88.0, 91.0, 92.0, 93.0, 96.0, 99.0],
        Component::RespiratoryRate => &[8.0, 11.0, 16.0, 20.0, 24.0],
        Component::OxygenFlow => &[0.0, 2.0],
        Component::Consciousness => &[0.0, 0.0, 0.0, 3.0],
        Component::Temperature => &[33.5, 34.0, 36.5, 37.0, 38.0, 39.0, 41.0, 41.5],
        Component::Weight => &[36.3, 79.0, 80.0, 81.0, 82.5, 84.0, 84.1, 88.0, 176.4],
        _ => &[1.5, 2.0, 3.0, 3.9, 4.0, 6.0, 10.0, 15.0, 25.0, 28.0, 30.0],
    }
}

fn unit(component: Component) -> &'static str {
    match component {
        Component::Systolic | Component::Diastolic => "mmHg",
        Component::Pulse => "/min",
        Component::Spo2 => "%",
        Component::Temperature => "Cel",
        Component::Weight => "kg",
        _ => "mmol/L",
    }
}

const WATCHED: [Component; 7] = [
    Component::Systolic,
    Component::Diastolic,
    Component::Pulse,
    Component::Spo2,
    Component::Temperature,
    Component::Weight,
    Component::Glucose,
];
pub const TAGS: [&str; 3] = ["pregnant", "on_oxygen", "lives_alone"];
pub const LINKS: [&str; 3] = ["dizzy", "pills", "mood"];
pub const EVENTS: [&str; 2] = ["hypo_symptoms", "meal"];

/// One rule, as it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    pub name: String,
    pub lines: Vec<String>,
}

/// The pack `x` of some rules.
pub fn pack(rules: &[Written]) -> String {
    let mut text = String::from(
        "[pack]\ntitle='x'\ncover='x'\nsource='x'\nversion='1'\n[limits]\n\
         high={ default='180 mmHg', range='120..230 mmHg' }\n\
         fast={ default='110 /min', from_60_years='90 /min', from_80_years='130 /min', range='60..190 /min' }\n\
         sweet={ default='10 mmol/L', from_70_years='15 mmol/L', range='1..30 mmol/L' }\n",
    );
    for rule in rules {
        text.push_str(&format!("[rule.{}]\n{}\n", rule.name, rule.lines.join("\n")));
    }
    text
}

impl Random {
    pub fn rule(&mut self, name: &str) -> Written {
        let component = self.pick(&WATCHED);
        let problem = self.pick(&["one", "two", "three"]);
        let priority = self.pick(&["low", "medium", "high", "from plan"]);
        let mut lines = vec![format!("problem='{problem}'"), format!("priority='{priority}'")];
        if self.percent(30) {
            // What asks first looks at the latest value of one vital.
            let symptoms = if self.percent(50) { ", symptoms='signs'" } else { "" };
            let alert = if self.percent(30) { ", alert='at once'" } else { "" };
            let within = self.pick(&["10 min", "15 min", "2 h"]);
            lines.push(format!("repeat={{ within='{within}', first='f', ask='a'{symptoms}{alert} }}"));
            let when = self.about_one(component, 1);
            lines.push(format!("when='''{when}'''"));
        } else {
            lines.push(self.list("when"));
        }
        if self.percent(40) {
            lines.push(self.list("at_once"));
        }
        match self.below(10) {
            0..3 => lines.push(self.list("clear")),
            3..6 => lines.push(format!("clear='''{}'''", self.about_one(component, 0))),
            _ => {}
        }
        Written { name: name.to_owned(), lines }
    }

    fn list(&mut self, key: &str) -> String {
        let join = self.pick(&["", "", ".any", ".all"]);
        if join.is_empty() {
            return format!("{key}='''{}'''", self.condition(2));
        }
        let conditions: Vec<_> = (0..1 + self.below(3)).map(|_| format!("'''{}'''", self.condition(1))).collect();
        format!("{key}{join}=[{}]", conditions.join(", "))
    }

    fn condition(&mut self, depth: usize) -> String {
        let component = self.pick(&WATCHED);
        match self.below(if depth == 0 { 9 } else { 13 }) {
            0..4 => self.about_one(component, 0),
            4 if self.percent(25) => self.circumstance(),
            4..6 => {
                let (left, right) = (self.window_quantity(component), self.level(component));
                format!("{left} {} {right}", self.comparison())
            }
            6 if self.percent(25) => {
                let function = self.pick(&["max", "last", "rise", "mean"]);
                let level = self.pick(&[5, 10, 15]);
                let score = match self.below(2) {
                    0 => "score(gad7)".to_owned(),
                    _ => format!("{function}(score(gad7), {}, at least {})", self.window(), 1 + self.below(2)),
                };
                format!("{score} {} {level}", self.comparison())
            }
            6 if self.percent(40) => self.early_warning(),
            6 => self.of_people(),
            7 => self.counted(component),
            8 if self.percent(40) => {
                let (name, window, at_least) = (component.name(), self.window(), 2 + self.below(2));
                let small = self.pick(&["0.1", "0.5", "1", "-1", "3"]);
                format!(
                    "slope({name}, {window}, at least {at_least}) {} {small} {}/day",
                    self.comparison(),
                    unit(component)
                )
            }
            8 => self.drift(component),
            9 => format!("not ({})", self.condition(depth - 1)),
            10 => {
                // An `and` of two acts of measuring must be taken together, so one side has none.
                let other = if self.percent(50) { self.of_people() } else { self.counted(component) };
                format!("({}) and ({other})", self.condition(depth - 1))
            }
            11 => format!("({}) or ({})", self.condition(depth - 1), self.condition(depth - 1)),
            _ => {
                let other = self.pick(&WATCHED);
                let (mut left, right) = (self.about_one(component, 0), self.about_one(other, 0));
                if self.percent(30) {
                    let third = self.pick(&WATCHED);
                    left = format!("{left} and {} > {}", self.window_quantity(third), self.level(third));
                }
                let join = self.pick(&["and", "or"]);
                format!("together({left} {join} {right}, {})", self.pick(&["5 min", "30 min", "12 h"]))
            }
        }
    }

    /// On the latest value of one component.
    fn about_one(&mut self, component: Component, depth: usize) -> String {
        let name = component.name();
        match self.below(if depth == 0 { 9 } else { 12 }) {
            8 => format!("{name} {} {} % of {}", self.comparison(), self.pick(&[50, 100, 110]), self.level(component)),
            0 => {
                let (one, other) = (self.pick(levels(component)), self.pick(levels(component)));
                format!("{name} in {}..{} {}", one.min(other), one.max(other), unit(component))
            }
            1 => format!("not ({name} {} {})", self.comparison(), self.level(component)),
            2 => format!("{name} - {} {} {}", self.level(component), self.comparison(), self.small(component)),
            3 => format!("{name} * 2 {} {} + {name}", self.comparison(), self.level(component)),
            4 => format!("-{name} / {} {} -1", self.level(component), self.comparison()),
            5..8 => format!("{name} {} {}", self.comparison(), self.level(component)),
            9 => format!("({}) and ({})", self.about_one(component, 0), self.about_one(component, 0)),
            10 => format!("({}) or ({})", self.about_one(component, 0), self.about_one(component, 0)),
            _ => format!("({}) and ({})", self.about_one(component, 0), self.of_people()),
        }
    }

    /// What was said of a pressure: standing, an irregular pulse.
    fn circumstance(&mut self) -> String {
        let said = self.pick(&["irregular_pulse = yes", "irregular_pulse != yes", "standing = yes", "standing = no"]);
        let component = self.pick(&[Component::Systolic, Component::Diastolic]);
        match self.below(6) {
            0 => said.to_owned(),
            1 => format!("({}) and {said}", self.about_one(component, 0)),
            2 => {
                format!("count({said}, {}{}) {} {}", self.window(), self.at_least(""), self.comparison(), self.below(3))
            }
            3 => {
                let (which, other) = (self.pick(&["all", "any"]), self.about_one(component, 0));
                format!("{which}(({other}) and {said}, {}, at least {})", self.window(), 1 + self.below(2))
            }
            _ => {
                let fall = self.pick(&[-20, 0, 10, 20, 30]);
                format!("postural_fall({}) {} {fall} mmHg", component.name(), self.comparison())
            }
        }
    }

    /// No vital measured.
    fn of_people(&mut self) -> String {
        match self.below(7) {
            0 => self.pick(&TAGS).to_owned(),
            1 => format!("age_of_patient {} {} years", self.comparison(), self.pick(&[60, 70, 71, 80])),
            2 => format!(
                "answer(\"{}\") {} {}",
                self.pick(&LINKS),
                self.pick(&["=", "!="]),
                self.pick(&["yes", "no", "\"more\""])
            ),
            3 => format!("answer(\"mood\") {} {}", self.comparison(), self.pick(&[2, 3, 5])),
            4 => format!("event(\"{}\")", self.pick(&EVENTS)),
            _ => {
                let due = self.pick(&["blood_pressure", "weight", "glucose", "\"today\""]);
                format!("overdue({due}, {})", self.pick(&["1 h", "12 h", "24 h", "36 h", "50 min"]))
            }
        }
    }

    fn early_warning(&mut self) -> String {
        match self.below(3) {
            0 => format!("news2 {} {}", self.comparison(), self.pick(&[1, 3, 5, 7])),
            1 => format!("news2.lower_bound {} {}", self.pick(&[">=", ">"]), self.pick(&[1, 3, 5, 7])),
            _ => "news2.any_three".to_owned(),
        }
    }

    /// Of each reading by itself.
    fn counted(&mut self, component: Component) -> String {
        let condition = self.about_one(component, 0);
        match self.below(6) {
            0 => return format!("all({condition}, {}, at least {})", self.window(), 1 + self.below(3)),
            1 => return format!("any({condition}, {}{})", self.window(), self.at_least("")),
            2 => return format!("sustained({condition}, {})", self.pick(&["1 min", "20 min", "2 h", "24 h", "40 h"])),
            _ => {}
        }
        let at_least = self.at_least("");
        format!("count({condition}, {}{at_least}) {} {}", self.window(), self.comparison(), self.below(4))
    }

    fn drift(&mut self, component: Component) -> String {
        let (one, other) = (self.pick(&["mean", "median", "max", "last"]), self.pick(&["mean", "median", "min"]));
        let (name, days, before) = (component.name(), 1 + self.below(3), 1 + self.below(4));
        format!(
            "{one}({name}, over {days} days, at least {}) - {other}({name}, over {before} days before those, at least {}) {} {}",
            1 + self.below(2),
            1 + self.below(3),
            self.comparison(),
            self.small(component)
        )
    }

    fn window_quantity(&mut self, component: Component) -> String {
        if unit(component) == "mmHg" && self.percent(35) {
            return format!("home_average({})", component.name());
        }
        let function = self.pick(&["mean", "median", "min", "max", "last", "rise", "fall", "stddev"]);
        let at_least = self.at_least(function);
        format!("{function}({}, {}{at_least})", component.name(), self.window())
    }

    fn window(&mut self) -> String {
        match self.below(3) {
            0 => format!("over {} days", self.pick(&[1, 2, 3, 5, 7])),
            1 => format!("over {} h", self.pick(&[1, 6, 24, 48, 72])),
            _ => format!("last {}", self.pick(&[1, 2, 3, 5])),
        }
    }

    fn at_least(&mut self, function: &str) -> String {
        if function == "stddev" {
            return format!(", at least {}", 2 + self.below(3));
        }
        if matches!(function, "mean" | "median") || self.percent(50) {
            format!(", at least {}", 1 + self.below(4))
        } else {
            String::new()
        }
    }

    fn comparison(&mut self) -> &'static str {
        self.pick(&["<", "<=", ">=", ">", ">=", "<", "=", "!="])
    }

    fn level(&mut self, component: Component) -> String {
        let limit = match component {
            Component::Systolic | Component::Diastolic => "high",
            Component::Pulse => "fast",
            Component::Glucose => "sweet",
            _ => "",
        };
        if !limit.is_empty() && self.percent(30) {
            return limit.to_owned();
        }
        format!("{} {}", self.pick(levels(component)), unit(component))
    }

    fn small(&mut self, component: Component) -> String {
        format!("{} {}", self.pick(&["0.5", "1", "2", "-2", "5", "10"]), unit(component))
    }
}
