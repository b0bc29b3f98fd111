//! The elections as a page, for people.

use symbolon_election::{Content, Custody};

use crate::relay::Offer;

/// One page without scripts or anything from elsewhere.
pub(crate) fn elections(offers: &[Offer]) -> String {
    let rows: String = offers.iter().map(election).collect();
    let rows = if rows.is_empty() {
        "<p>There are no elections now.</p>".to_owned()
    } else {
        rows
    };
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Elections</title>\
         <style>body{{font:16px/1.5 sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem}}\
         code{{overflow-wrap:anywhere}}article{{border-top:1px solid #999;padding:.5rem 0}}</style>\
         <h1>Elections</h1><p>You sign in with the access code of your letter, a stand-in for the \
         city's accounts.</p>{rows}</html>"
    )
}

fn election(offer: &Offer) -> String {
    let manifest = &offer.manifest;
    let title = match Content::parse(&offer.election.content) {
        Ok(content) => escape(content.title().best("en")),
        Err(_) => "Untitled".to_owned(),
    };
    let custody = match manifest.custody() {
        Custody::Voter => "Your own device holds your key.",
        Custody::Portal => "This portal holds the keys of its users, and sees how they vote.",
    };
    format!(
        "<article><h2>{title}</h2><p>{}. {custody}</p><p><code>{}</code></p></article>",
        escape(&offer.election.state),
        manifest.election()
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_text_only() {
        assert_eq!(
            escape("<b>\"a\" & b</b>"),
            "&lt;b&gt;&quot;a&quot; &amp; b&lt;/b&gt;"
        );
    }

    #[test]
    fn no_election_is_said() {
        assert!(elections(&[]).contains("There are no elections now."));
    }
}
