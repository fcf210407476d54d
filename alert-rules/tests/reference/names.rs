//! What a condition names, and which values make it true.

use alert_rules::Component;
use alert_rules::expression::{Comparison, Condition, ConditionKind, Function, Operator, Quantity, QuantityKind};
use alert_rules::facts::Due;
use alert_rules::finding::Side;
use jiff::SignedDuration;

/// What NEWS2 is made of.
const SCORED: [Component; 7] = [
    Component::RespiratoryRate,
    Component::Spo2,
    Component::OxygenFlow,
    Component::Systolic,
    Component::Pulse,
    Component::Consciousness,
    Component::Temperature,
];

/// What a condition names: components whose latest value decides, components in other functions, what is overdue, and whether it asks for answers or
/// events.
pub type Named = (Vec<Component>, Vec<Component>, Vec<(Due, SignedDuration)>, bool);

pub fn named(condition: &Condition) -> Named {
    let mut named = (Vec::new(), Vec::new(), Vec::new(), false);
    of_condition(condition, &mut named);
    named
}

fn of_condition(condition: &Condition, named: &mut Named) {
    match &condition.kind {
        ConditionKind::And(one, other) | ConditionKind::Or(one, other) => {
            of_condition(one, named);
            of_condition(other, named);
        }
        ConditionKind::Not(inner) | ConditionKind::Together { inner, .. } => of_condition(inner, named),
        ConditionKind::Readings { condition, .. } | ConditionKind::Sustained { condition, .. } => {
            of_condition(condition, named)
        }
        ConditionKind::Compare { left, right, .. } => {
            of_quantity(left, named);
            of_quantity(right, named);
        }
        ConditionKind::Between { value, .. } => of_quantity(value, named),
        ConditionKind::Overdue { due, grace } => {
            named.2.push((due.clone(), *grace));
            named.3 |= matches!(due, Due::Questionnaire(_));
        }
        ConditionKind::Answer { .. } | ConditionKind::Event { .. } => named.3 = true,
        ConditionKind::News2AnyThree => named.1.extend(SCORED),
        ConditionKind::Tag(_) => {}
    }
}

fn of_quantity(quantity: &Quantity, named: &mut Named) {
    match &quantity.kind {
        QuantityKind::Latest(Component::Gad7) | QuantityKind::Aggregate { component: Component::Gad7, .. } => {
            named.3 = true;
        }
        QuantityKind::Latest(component) => named.0.push(*component),
        QuantityKind::Aggregate { function: Function::Rise | Function::Fall | Function::Last, component, .. } => {
            named.0.push(*component);
        }
        QuantityKind::Aggregate { component, .. }
        | QuantityKind::HomeAverage(component)
        | QuantityKind::PosturalFall(component) => named.1.push(*component),
        QuantityKind::Count { condition, .. } => of_condition(condition, named),
        QuantityKind::Arithmetic { left, right, .. } => {
            of_quantity(left, named);
            of_quantity(right, named);
        }
        QuantityKind::Negative(inner) => of_quantity(inner, named),
        QuantityKind::Answer(_) => named.3 = true,
        QuantityKind::News2 | QuantityKind::News2LowerBound => named.1.extend(SCORED),
        QuantityKind::Number(_) | QuantityKind::Limit(_) | QuantityKind::Age => {}
    }
}

pub fn worse(condition: &Condition, wanted: bool, found: &mut Vec<(Component, Side)>) {
    match &condition.kind {
        ConditionKind::And(one, other) | ConditionKind::Or(one, other) => {
            worse(one, wanted, found);
            worse(other, wanted, found);
        }
        ConditionKind::Not(inner) => worse(inner, !wanted, found),
        ConditionKind::Together { inner, .. } => worse(inner, wanted, found),
        ConditionKind::Readings { condition, .. } | ConditionKind::Sustained { condition, .. } => {
            worse(condition, wanted, found)
        }
        ConditionKind::Compare { left, comparison, right } => {
            let more = match comparison {
                Comparison::More | Comparison::AtLeast => wanted,
                Comparison::Less | Comparison::AtMost => !wanted,
                Comparison::Equal | Comparison::NotEqual => return,
            };
            let mut both = Vec::new();
            grows(left, more, &mut both);
            grows(right, !more, &mut both);
            // What a value is compared with, of its own kind, is not what is worse: the latest value is, if it is named.
            for component in Component::ALL {
                let naming = || both.iter().filter(|part| part.sides.iter().any(|(named, _)| *named == component));
                let part = naming().find(|part| part.is_latest).or(naming().next());
                let sides = part.map(|part| part.sides.as_slice()).unwrap_or_default();
                found.extend(sides.iter().filter(|(named, _)| *named == component));
            }
        }
        _ => {}
    }
}

/// A vital or a window of it that one comparison names, and which values of it make the comparison so.
struct Part {
    sides: Vec<(Component, Side)>,
    is_latest: bool,
}

/// Which values make a quantity grow (or shrink, if not `more`).
fn grows(quantity: &Quantity, more: bool, found: &mut Vec<Part>) {
    let one = |component: Component, more, is_latest| {
        let side = if more { Side::High } else { Side::Low };
        Part { sides: vec![(component, side)], is_latest }
    };
    match &quantity.kind {
        QuantityKind::Latest(component) => found.push(one(*component, more, true)),
        QuantityKind::Aggregate { function, component, .. } => match function {
            Function::Min | Function::Max | Function::Last | Function::Rise => found.push(one(*component, more, false)),
            Function::Fall => found.push(one(*component, !more, false)),
            _ => {}
        },
        QuantityKind::Count { condition, .. } => {
            let mut sides = Vec::new();
            worse(condition, more, &mut sides);
            found.push(Part { sides, is_latest: false });
        }
        QuantityKind::Negative(inner) => grows(inner, !more, found),
        QuantityKind::Arithmetic { left, operator, right } => {
            grows(left, more, found);
            let takes = matches!(operator, Operator::Minus | Operator::Over);
            grows(right, more != takes, found);
        }
        _ => {}
    }
}
