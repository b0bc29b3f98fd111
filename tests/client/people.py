"""Forty people, and how each of them votes."""

FAMILY = ["Müller", "Ёлкина", "Nguyễn", "Παπαδόπουλος", "García", "Øster", "Kowalska", "O’Brien"]
GIVEN = ["Anna", "Bruno", "Clara", "David", "Elena"]
CYRILLIC = ["Анна", "Борис", "Вера", "Глеб", "Дарья"]
GREEK = ["Άννα", "Βασίλης", "Γιώργος", "Δήμητρα", "Ελένη"]


def _text(text):
    return {"en": text}


PARK = {
    "version": "symbolon/v1", "title": _text("The park"), "text": _text("Two questions."),
    "questions": [
        {"title": _text("A bench?"), "text": _text("You may leave this blank."),
         "options": [_text("yes"), _text("no")], "least": 0, "most": 1},
        {"title": _text("Which trees?"), "text": _text("Up to two."),
         "options": [_text("oak"), _text("lime"), _text("birch")], "least": 1, "most": 2},
    ],
}
STREET = {
    "version": "symbolon/v1", "title": _text("A street"), "text": _text("Only this district decides."),
    "questions": [{"title": _text("Its name?"), "text": _text("One of them."),
                   "options": [_text("Lovelace"), _text("Noether"), _text("Hypatia")], "least": 1, "most": 1}],
}
# The same in simple mode.
KIOSK = {**PARK, "title": _text("At the kiosk")}


def people():
    """Their attributes, as the city's schema has them."""
    given = {"Ё": CYRILLIC, "Π": GREEK}
    return [
        {"family_name": family, "given_name": name, "birth_date": f"19{50 + 5 * j + i}-0{j + 1}-1{i}",
         "document": f"AB{1000003 + 7919 * (5 * i + j)}"}
        for i, family in enumerate(FAMILY) for j, name in enumerate(given.get(family[0], GIVEN))
    ]


def park_choice(number):
    bench = [[], [1], [2]][number % 3]
    return [bench, [[1], [2, 3], [1, 3], [3]][number % 4]]


def street_choice(number):
    return [[number % 3 + 1]]
