//! What a person answered, in the words of the version that was shown to them; what does not fit is said beside it.

use alert_rules::Rulebook;
use alert_rules::questionnaire::answers::Misfit;
use alert_rules::questionnaire::{Kind, Questionnaire, Score, band};
use alert_rules::reading::Answer;
use jiff::{SignedDuration, Timestamp};
use sqlx::PgConnection;
use uuid::Uuid;

use super::api::{AnswerLine, AnswerSheet};
use crate::store::answers_seen::{self, Answered};
use crate::store::rulebook;

const SHOWN: SignedDuration = SignedDuration::from_hours(90 * 24);
const SHEETS: i64 = 20;

/// Newest first.
pub async fn sheets(
    db: &mut PgConnection,
    in_force: &Rulebook,
    patient: Uuid,
    now: Timestamp,
) -> Result<Vec<AnswerSheet>, sqlx::Error> {
    let answered = answers_seen::between(db, patient, None, (now - SHOWN, now), SHEETS).await?;
    let mut known: Vec<Questionnaire> =
        in_force.packs().iter().flat_map(|pack| &pack.questionnaires).cloned().collect();
    if answered.iter().any(|answered| version_of(&known, answered).is_none()) {
        let before = rulebook::questionnaires(db).await?;
        known.extend(before.iter().filter_map(|(path, text)| Questionnaire::read(path, text).ok()));
    }
    Ok(answered.iter().rev().map(|answered| sheet(answered, version_of(&known, answered))).collect())
}

fn version_of<'q>(known: &'q [Questionnaire], answered: &Answered) -> Option<&'q Questionnaire> {
    known.iter().find(|known| known.reference() == answered.questionnaire)
}

fn sheet(answered: &Answered, asked: Option<&Questionnaire>) -> AnswerSheet {
    let given: Vec<(String, Answer)> =
        answered.answers.iter().filter_map(|(link, value)| Some((link.clone(), Answer::sent(value)?))).collect();
    let mut remarks = Vec::new();
    if answered.partial {
        remarks.push("so far".to_owned());
    }
    if answered.withdrawn_by.is_some() {
        remarks.push("taken back".to_owned());
    }
    let Some(asked) = asked else {
        remarks.push("to questions that were never published here".to_owned());
        let line = |(link, answer): &(String, Answer)| AnswerLine {
            question: link.clone(),
            answer: answer_in_words(None, answer),
            odd: None,
        };
        let title = answered.questionnaire.split('|').next().unwrap_or_default().to_owned();
        let lines = given.iter().map(line).collect();
        return AnswerSheet { seq: answered.seq, at: answered.effective_at, title, remarks, lines };
    };
    if let Some(score) = Score::of(asked)
        && let Some(total) = score.total(&given)
    {
        let name = band(score.component, total).map(|name| format!(" ({name})")).unwrap_or_default();
        remarks.push(format!("{total}{name}"));
    }
    let misfits = asked.misfits(&given, answered.partial);
    AnswerSheet {
        seq: answered.seq,
        at: answered.effective_at,
        title: asked.title.text.clone(),
        remarks,
        lines: lines(asked, &given, &misfits),
    }
}

/// In the order in which it was asked: what was answered, and what is missing; then answers to what was not asked.
fn lines(asked: &Questionnaire, given: &[(String, Answer)], misfits: &[Misfit]) -> Vec<AnswerLine> {
    let odd = |link: &str| misfits.iter().find(|misfit| misfit.link == link).map(|misfit| misfit.why.to_string());
    let mut lines = Vec::new();
    for item in asked.questions() {
        let of = given.iter().filter(|(link, _)| *link == item.link).map(|(_, answer)| answer);
        let mut said = of.map(|answer| answer_in_words(Some(&item.kind), answer)).collect::<Vec<_>>();
        let odd = odd(&item.link);
        if said.is_empty() && odd.is_some() {
            said.push("–".to_owned());
        }
        let line = |answer| AnswerLine { question: item.text.text.clone(), answer, odd: odd.clone() };
        lines.extend(said.into_iter().map(line));
    }
    let strange = given.iter().filter(|(link, _)| asked.question(link).is_none());
    lines.extend(strange.map(|(link, answer)| AnswerLine {
        question: link.clone(),
        answer: answer_in_words(None, answer),
        odd: odd(link),
    }));
    lines
}

fn answer_in_words(kind: Option<&Kind>, answer: &Answer) -> String {
    match (kind, answer) {
        (Some(Kind::Choice(choices)), Answer::Text(code)) => {
            let chosen = choices.iter().find(|choice| choice.code == *code);
            chosen.map_or_else(|| code.clone(), |choice| choice.display.text.clone())
        }
        (Some(Kind::YesNo), answer) if answer.yes().is_some() => {
            if answer.yes() == Some(true) { "yes" } else { "no" }.to_owned()
        }
        (_, Answer::YesNo(yes)) => if *yes { "yes" } else { "no" }.to_owned(),
        (_, Answer::Number(number)) => number.to_string(),
        (_, Answer::Text(text)) => text.clone(),
        (_, Answer::Several(texts)) => texts.join(", "),
    }
}
