"""Forty people, and how each of them votes."""

FAMILY = ["Müller", "Ёлкина", "Nguyễn", "Παπαδόπουλος", "García", "Øster", "Kowalska", "O’Brien"]
GIVEN = ["Anna", "Bruno", "Clara", "David", "Elena"]
CYRILLIC = ["Анна", "Борис", "Вера", "Глеб", "Дарья"]
GREEK = ["Άννα", "Βασίλης", "Γιώργος", "Δήμητρα", "Ελένη"]

TEXT = lambda text: {"en": text}

PARK = {
    "version": "symbolon/v1", "title": TEXT("The park"), "text": TEXT("Two questions."),
    "questions": [
        {"title": TEXT("A bench?"), "text": TEXT("You may leave this blank."),
         "options": [TEXT("yes"), TEXT("no")], "least": 0, "most": 1},
        {"title": TEXT("Which trees?"), "text": TEXT("Up to two."),
         "options": [TEXT("oak"), TEXT("lime"), TEXT("birch")], "least": 1, "most": 2},
    ],
}
STREET = {
    "version": "symbolon/v1", "title": TEXT("A street"), "text": TEXT("Only this district decides."),
    "questions": [{"title": TEXT("Its name?"), "text": TEXT("One of them."),
                   "options": [TEXT("Lovelace"), TEXT("Noether"), TEXT("Hypatia")], "least": 1, "most": 1}],
}
KIOSK = {**PARK, "title": TEXT("At the kiosk")}


def people():
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
