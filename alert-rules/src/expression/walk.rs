//! Questions about a condition that need no data: what it looks at, how far back, which way is worse.

use jiff::SignedDuration;

use super::early_warning::{NEWS2_COMPONENTS, NEWS2_TOGETHER};
use super::series::{HOME_AVERAGE_WINDOW, STOOD_WITHIN};
use super::{Comparison, Condition, ConditionKind, Function, Length, Operator, Quantity, QuantityKind, Window};
use crate::facts::Due;
use crate::finding::Side;
use crate::vital::{Component, Vital};

/// Answers and events count for this long.
pub(crate) const ANSWER_FRESH: SignedDuration = SignedDuration::from_hours(24);
/// `last n` looks no further back.
pub(crate) const LAST_WITHIN: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Slots of a week are at most a week apart; a day for early readings. `Rulebook::lookback` adds what a plan needs beyond it.
pub(crate) const SLOTS_APART: SignedDuration = SignedDuration::from_hours(8 * 24);

/// Calls `see` for every condition and quantity in the tree, parents first.
fn visit<'c>(condition: &'c Condition, see: &mut impl FnMut(Node<'c>)) {
    see(Node::Condition(condition));
    match &condition.kind {
        ConditionKind::Compare { left, right, .. } => {
            visit_quantity(left, see);
            visit_quantity(right, see);
        }
        ConditionKind::Between { value, from, to } => {
            for quantity in [value, from, to] {
                visit_quantity(quantity, see);
            }
        }
        ConditionKind::And(left, right) | ConditionKind::Or(left, right) => {
            visit(left, see);
            visit(right, see);
        }
        ConditionKind::Not(inner) | ConditionKind::Together { inner, .. } => visit(inner, see),
        ConditionKind::Readings { condition, .. } | ConditionKind::Sustained { condition, .. } => visit(condition, see),
        ConditionKind::Tag(_)
        | ConditionKind::Answer { .. }
        | ConditionKind::Event { .. }
        | ConditionKind::News2AnyThree
        | ConditionKind::Overdue { .. } => {}
    }
}

fn visit_quantity<'c>(quantity: &'c Quantity, see: &mut impl FnMut(Node<'c>)) {
    see(Node::Quantity(quantity));
    match &quantity.kind {
        QuantityKind::Arithmetic { left, right, .. } => {
            visit_quantity(left, see);
            visit_quantity(right, see);
        }
        QuantityKind::Negative(inner) => visit_quantity(inner, see),
        QuantityKind::Count { condition, .. } => visit(condition, see),
        QuantityKind::Number(_)
        | QuantityKind::Latest(_)
        | QuantityKind::Limit(_)
        | QuantityKind::Age
        | QuantityKind::Answer(_)
        | QuantityKind::News2
        | QuantityKind::News2LowerBound
        | QuantityKind::HomeAverage(_)
        | QuantityKind::PosturalFall(_)
        | QuantityKind::Aggregate { .. } => {}
    }
}

/// Every quantity in a condition, however deep.
pub(crate) fn each_quantity<'c>(condition: &'c Condition, mut see: impl FnMut(&'c Quantity)) {
    visit(condition, &mut |node| {
        if let Node::Quantity(quantity) = node {
            see(quantity);
        }
    });
}

enum Node<'c> {
    Condition(&'c Condition),
    Quantity(&'c Quantity),
}

impl Node<'_> {
    fn is_news2(&self) -> bool {
        match self {
            Node::Condition(condition) => matches!(condition.kind, ConditionKind::News2AnyThree),
            Node::Quantity(quantity) => matches!(quantity.kind, QuantityKind::News2 | QuantityKind::News2LowerBound),
        }
    }
}

/// Vitals named bare and not inside `together` or what looks at several readings; each once, in order.
pub(crate) fn bare_vitals(condition: &Condition) -> Vec<Vital> {
    let mut vitals = Vec::new();
    bare_into(condition, &mut vitals);
    vitals.sort_unstable();
    vitals.dedup();
    vitals
}

fn bare_into(condition: &Condition, vitals: &mut Vec<Vital>) {
    match &condition.kind {
        ConditionKind::Compare { left, right, .. } => {
            bare_of_quantity(left, vitals);
            bare_of_quantity(right, vitals);
        }
        ConditionKind::Between { value, .. } => bare_of_quantity(value, vitals),
        // One act is asked of each side of an `and`; either side of an `or` stands alone.
        ConditionKind::And(left, right) => {
            bare_into(left, vitals);
            bare_into(right, vitals);
        }
        ConditionKind::Not(inner) => bare_into(inner, vitals),
        _ => {}
    }
}

/// Components named bare: outside every function, where each means the latest reading.
pub(crate) fn bare_components(condition: &Condition) -> Vec<Component> {
    fn of(quantity: &Quantity, components: &mut Vec<Component>) {
        match &quantity.kind {
            QuantityKind::Latest(component) => components.push(*component),
            QuantityKind::Negative(inner) => of(inner, components),
            QuantityKind::Arithmetic { left, right, .. } => {
                [left, right].into_iter().for_each(|each| of(each, components))
            }
            _ => {}
        }
    }
    let mut components = Vec::new();
    match &condition.kind {
        ConditionKind::Compare { left, right, .. } => {
            [left, right].into_iter().for_each(|each| of(each, &mut components))
        }
        ConditionKind::Between { value, .. } => of(value, &mut components),
        ConditionKind::And(left, right) | ConditionKind::Or(left, right) => {
            components = [left, right].into_iter().flat_map(|each| bare_components(each)).collect();
        }
        ConditionKind::Not(inner) | ConditionKind::Together { inner, .. } => components = bare_components(inner),
        _ => {}
    }
    components
}

fn bare_of_quantity(quantity: &Quantity, vitals: &mut Vec<Vital>) {
    match &quantity.kind {
        QuantityKind::Latest(component) => vitals.extend(component.vital()),
        QuantityKind::Arithmetic { left, right, .. } => {
            bare_of_quantity(left, vitals);
            bare_of_quantity(right, vitals);
        }
        QuantityKind::Negative(inner) => bare_of_quantity(inner, vitals),
        _ => {}
    }
}

/// May stand inside `count`, `all`, `any` and `sustained`: nothing but values of the reading, numbers and limits.
pub(crate) fn is_about_one_reading(condition: &Condition) -> bool {
    let mut plain = true;
    visit(condition, &mut |node| {
        plain &= match node {
            Node::Condition(condition) => !matches!(
                condition.kind,
                ConditionKind::Tag(_)
                    | ConditionKind::Answer { .. }
                    | ConditionKind::Event { .. }
                    | ConditionKind::Overdue { .. }
                    | ConditionKind::News2AnyThree
                    | ConditionKind::Together { .. }
                    | ConditionKind::Readings { .. }
                    | ConditionKind::Sustained { .. }
            ),
            Node::Quantity(quantity) => !matches!(
                quantity.kind,
                QuantityKind::Aggregate { .. }
                    | QuantityKind::News2
                    | QuantityKind::News2LowerBound
                    | QuantityKind::HomeAverage(_)
                    | QuantityKind::PosturalFall(_)
                    | QuantityKind::Count { .. }
                    | QuantityKind::Answer(_)
            ),
        };
    });
    plain
}

/// Vitals of which the latest value decides, named bare or as what rose, fell or came last: what a repeat must measure anew.
pub(crate) fn vitals_to_repeat(condition: &Condition) -> Vec<Vital> {
    let mut vitals = Vec::new();
    visit(condition, &mut |node| {
        let Node::Quantity(Quantity { kind, .. }) = node else { return };
        match kind {
            QuantityKind::Latest(component)
            | QuantityKind::Aggregate {
                function: Function::Rise | Function::Fall | Function::Last, component, ..
            } => {
                vitals.extend(component.vital());
            }
            _ => {}
        }
    });
    vitals
}

/// Every component whose readings matter.
pub(crate) fn components(condition: &Condition) -> Vec<Component> {
    let mut components = Vec::new();
    visit(condition, &mut |node| match node {
        Node::Quantity(Quantity { kind: QuantityKind::Latest(component), .. })
        | Node::Quantity(Quantity { kind: QuantityKind::HomeAverage(component), .. })
        | Node::Quantity(Quantity { kind: QuantityKind::PosturalFall(component), .. })
        | Node::Quantity(Quantity { kind: QuantityKind::Aggregate { component, .. }, .. }) => {
            components.push(*component)
        }
        node if node.is_news2() => components.extend(NEWS2_COMPONENTS),
        _ => {}
    });
    components
}

/// Whether answers or events matter.
pub(crate) fn uses_answers(condition: &Condition) -> bool {
    let mut uses = false;
    visit(condition, &mut |node| {
        uses |= match node {
            Node::Condition(condition) => {
                matches!(
                    condition.kind,
                    ConditionKind::Answer { .. }
                        | ConditionKind::Event { .. }
                        | ConditionKind::Overdue { due: Due::Questionnaire(_), .. }
                )
            }
            Node::Quantity(quantity) => matches!(quantity.kind, QuantityKind::Answer(_)),
        };
    });
    uses
}

/// The link ids of the questions it reads.
pub(crate) fn links(condition: &Condition) -> Vec<String> {
    let mut links = Vec::new();
    visit(condition, &mut |node| match node {
        Node::Condition(Condition { kind: ConditionKind::Answer { link, .. }, .. })
        | Node::Quantity(Quantity { kind: QuantityKind::Answer(link), .. }) => links.push(link.clone()),
        _ => {}
    });
    links
}

/// Every `overdue(…, grace)`.
pub(crate) fn overdue(condition: &Condition) -> Vec<(Due, SignedDuration)> {
    let mut all = Vec::new();
    visit(condition, &mut |node| {
        if let Node::Condition(Condition { kind: ConditionKind::Overdue { due, grace }, .. }) = node {
            all.push((due.clone(), *grace));
        }
    });
    all
}

/// How far back it looks.
pub(crate) fn lookback(condition: &Condition) -> SignedDuration {
    let mut longest = SignedDuration::ZERO;
    let of_news2 = NEWS2_COMPONENTS.into_iter().filter_map(Component::vital).map(Vital::fresh).max();
    visit(condition, &mut |node| {
        let this = match node {
            // What was measured with a fresh input is as old as it, and half an hour more.
            node if node.is_news2() => of_news2.unwrap_or_default().saturating_add(NEWS2_TOGETHER),
            Node::Condition(condition) => match &condition.kind {
                ConditionKind::Answer { .. } | ConditionKind::Event { .. } => ANSWER_FRESH,
                ConditionKind::Overdue { grace, .. } => grace.saturating_add(SLOTS_APART),
                ConditionKind::Readings { window, .. } => window_length(*window),
                // A fresh reading, and one no further from the next than that on the other side of the span.
                ConditionKind::Sustained { of, span, .. } => {
                    let fresh = of.vital().map_or(SignedDuration::ZERO, Vital::fresh);
                    span.saturating_add(fresh).saturating_add(fresh)
                }
                _ => SignedDuration::ZERO,
            },
            Node::Quantity(quantity) => match &quantity.kind {
                QuantityKind::Latest(component) => component.vital().map_or(SignedDuration::ZERO, Vital::fresh),
                QuantityKind::Answer(_) => ANSWER_FRESH,
                QuantityKind::HomeAverage(_) => window_length(HOME_AVERAGE_WINDOW),
                QuantityKind::PosturalFall(component) => {
                    component.vital().map_or(SignedDuration::ZERO, Vital::fresh).saturating_add(STOOD_WITHIN)
                }
                QuantityKind::Aggregate { window, .. } | QuantityKind::Count { window, .. } => window_length(*window),
                _ => SignedDuration::ZERO,
            },
        };
        longest = longest.max(this);
    });
    longest
}

fn window_length(window: Window) -> SignedDuration {
    let one = |length| match length {
        // From midnight, and a day is up to 25 h long.
        Length::Days(days) => SignedDuration::from_hours((i64::from(days) + 1) * 24 + 1),
        Length::Hours(hours) => SignedDuration::from_hours(i64::from(hours)),
        Length::Last(_) => LAST_WITHIN,
    };
    one(window.length).saturating_add(window.before.map_or(SignedDuration::ZERO, one))
}

/// Components whose single values make it true, and which way is worse. Averages have no worst value.
pub(crate) fn worse_sides(condition: &Condition) -> Vec<(Component, Side)> {
    let mut sides = Vec::new();
    sides_of(condition, true, &mut sides);
    sides.sort_unstable();
    sides.dedup();
    sides
}

fn sides_of(condition: &Condition, wanted: bool, sides: &mut Vec<(Component, Side)>) {
    match &condition.kind {
        ConditionKind::Compare { left, comparison, right } => {
            let up = match comparison {
                Comparison::More | Comparison::AtLeast => wanted,
                Comparison::Less | Comparison::AtMost => !wanted,
                Comparison::Equal | Comparison::NotEqual => return,
            };
            let mut compared = Vec::new();
            sides_of_quantity(left, up, &mut compared);
            sides_of_quantity(right, !up, &mut compared);
            sides.extend(against_itself(compared));
        }
        ConditionKind::And(left, right) | ConditionKind::Or(left, right) => {
            sides_of(left, wanted, sides);
            sides_of(right, wanted, sides);
        }
        ConditionKind::Not(inner) => sides_of(inner, !wanted, sides),
        ConditionKind::Together { inner, .. } => sides_of(inner, wanted, sides),
        ConditionKind::Readings { condition, .. } | ConditionKind::Sustained { condition, .. } => {
            sides_of(condition, wanted, sides)
        }
        _ => {}
    }
}

/// A component that is compared with itself, as it is now with a window of it, has one worse side: that of its latest value,
/// else of what is named first. A higher reference is no worse value: who recovers must not be told as worse.
fn against_itself(mut compared: Vec<Named>) -> Vec<(Component, Side)> {
    compared.sort_by_key(|named| !named.is_latest);
    let mut sides: Vec<(Component, Side)> = Vec::new();
    for Named { sides: own, .. } in compared {
        let is_new = |side: &(Component, Side)| sides.iter().all(|(known, _)| *known != side.0);
        let new: Vec<_> = own.into_iter().filter(is_new).collect();
        sides.extend(new);
    }
    sides
}

/// What makes one quantity of a comparison greater (or less).
struct Named {
    sides: Vec<(Component, Side)>,
    is_latest: bool,
}

fn sides_of_quantity(quantity: &Quantity, up: bool, named: &mut Vec<Named>) {
    let side = |up| if up { Side::High } else { Side::Low };
    let mut of = |sides, is_latest| named.push(Named { sides, is_latest });
    match &quantity.kind {
        QuantityKind::Latest(component) => of(vec![(*component, side(up))], true),
        QuantityKind::Aggregate { function, component, .. } => match function {
            Function::Min | Function::Max | Function::Last | Function::Rise => of(vec![(*component, side(up))], false),
            Function::Fall => of(vec![(*component, side(!up))], false),
            Function::Mean | Function::Median | Function::StdDev | Function::Slope => {}
        },
        QuantityKind::Count { condition, .. } => {
            let mut counted = Vec::new();
            sides_of(condition, up, &mut counted);
            of(counted, false);
        }
        QuantityKind::Arithmetic { left, operator, right } => {
            sides_of_quantity(left, up, named);
            let flips = matches!(operator, Operator::Minus | Operator::Over);
            sides_of_quantity(right, up != flips, named);
        }
        QuantityKind::Negative(inner) => sides_of_quantity(inner, !up, named),
        _ => {}
    }
}
