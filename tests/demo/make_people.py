#!/usr/bin/env python3
"""Writes the demo's invented people, the same file at every run.

    python3 tests/demo/make_people.py > src/demo/people/people.csv

Nobody in it exists: names are drawn from common ones, dates and documents from a
seeded generator. After the people themselves come, mixed in behind them: the same
people again in another spelling, the same names with another document (conflicts),
and rows with one thing wrong each.
"""
import csv
import random
import sys
import unicodedata

SEED = 20260901
PEOPLE_PER_SCRIPT = 130
DISTRICTS = ["north", "south", "east", "west"]

# Script: given names, family names.
NAMES = {
    "Cyrillic": (
        "Алёна Борис Вера Глеб Дарья Егор Жанна Захар Инна Кирилл Лидия Максим Нина Олег Полина Роман Софья Тимур Ульяна Фёдор",
        "Соловьёв Журавлёва Тихонов Ершова Белкин Щукина Голубев Орлова Карпов Лисицына Медведев Чижова Воробьёв Грачёва Сомов Зайцева Барсуков Синицына Кротов Ежова",
    ),
    "Latin": (
        "Žofie Łukasz Zoë Jürgen Søren Åsa François Inês João Małgorzata Őrs Ștefan Çağla Ñusta Þóra Īva Ūla Ėrika Dvořák Håkon",
        "Müller Nováková Øster Gonçalves Łęcki Sjöberg Núñez Čapek Horváth Brânză Yıldız Guðmunds Bērziņš Šimkus Kõiv Lefèvre Castaño Hüseyin Straße Pałka",
    ),
    "Greek": (
        "Αλέξης Βασιλική Γιώργος Δήμητρα Ελένη Ζήσης Ηλίας Θάλεια Ιωάννα Κώστας Λυδία Μάριος Νεφέλη Ξένια Όλγα Πέτρος Ρένα Στάθης Τάκης Φοίβος",
        "Παπαδόπουλος Γεωργίου Νικολαΐδης Βλάχος Αγγελής Δημητρίου Ιωαννίδης Κωστόπουλος Λάμπρου Μακρής Οικονόμου Ράπτης Σιδέρης Τσίρος Φωτίου Χατζής Ψαρράς Ζερβός Θεοδώρου Καραγιάννης",
    ),
    "Arabic": (
        "أحمد بشرى تامر جميلة حسن خديجة رامي زينب سامي شيماء صالح طارق عادل فاطمة كريم ليلى محمود نادية هاني ياسمين",
        "الحداد النجار الخطيب العطار البنا الصياد القاضي الفارس الزهراوي المصري الشامي الحلبي البغدادي التونسي الدمشقي الكاتب الراوي الصفدي الجزائري المغربي",
    ),
    "Hebrew": (
        "אברהם בתיה גדעון דבורה הלל ורד זאב חנה טליה יואב כרמל לאה משה נעמי סיון עדי פנחס צפורה רחל שאול",
        "כהן לוי מזרחי פרץ ביטון אברהמי פרידמן אגמון מלכה אזולאי כץ יוסף עמר אוחיון חדד גבאי אדלר בןעמי שרעבי רוזן",
    ),
    "Vietnamese": (
        "Ánh Bảo Cường Dũng Đức Giang Hạnh Huệ Khánh Lệ Mỹ Nguyệt Oanh Phượng Quỳnh Sơn Thắng Tuyết Vỹ Xuân",
        "Nguyễn Trần Lê Phạm Hoàng Huỳnh Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Đoàn Trịnh Đinh Lưu Mạc",
    ),
    "Chinese": (
        "伟 芳 娜 敏 静 丽 强 磊 军 洋 勇 艳 杰 涛 明 超 秀兰 霞 平 桂英",
        "王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙 胡 朱 高 林 何 郭 马 罗",
    ),
    "Japanese": (
        "さくら 陽菜 結衣 ゆい 蓮 大翔 悠真 ひなた 美咲 葵 凛 ケンジ ミドリ 七海 翔太 拓海 愛 海斗 つばさ 直樹",
        "佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上 木村 林 清水 斎藤",
    ),
}


def full_width(text):
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def respelled(rng, row):
    """Another spelling of the same identity."""
    family, given, born, document, district = row
    ways = [
        lambda: (unicodedata.normalize("NFD", family), unicodedata.normalize("NFD", given), born, document),
        lambda: (family.lower(), given.upper() if "ß" not in given else given, born, document.lower()),
        lambda: (f"  {family} ", f"{given}  ", f" {born}", f" {document[:4]} {document[4:]} "),
        lambda: (family, given, full_width(born), full_width(document)),
        lambda: (unicodedata.normalize("NFD", family.lower()), given + "\u200d", born, document[:2] + "-" + document[2:]),
    ]
    return (*rng.choice(ways)(), district)


def other_document(rng, row, documents):
    family, given, born, _, district = respelled(rng, row)
    return (family, given, born.strip(), new_document(rng, documents), district)


def new_document(rng, used):
    while True:
        document = "".join(rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(2)) + f"{rng.randrange(10**7):07d}"
        if document not in used:
            used.add(document)
            return document


def people(rng, documents):
    rows, seen = [], set()
    for given_names, family_names in NAMES.values():
        made = 0
        while made < PEOPLE_PER_SCRIPT:
            given, family = rng.choice(given_names.split()), rng.choice(family_names.split())
            born = f"{rng.randrange(1931, 2008)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}"
            if (given, family, born) in seen:
                continue
            seen.add((given, family, born))
            rows.append((family, given, born, new_document(rng, documents), rng.choice(DISTRICTS)))
            made += 1
    rng.shuffle(rows)
    return rows


def wrong(rng, documents):
    district = DISTRICTS[0]
    return [
        ("Солoвьёв", "Пётр", "1980-04-01", new_document(rng, documents), district),  # a Latin o
        ("Берг", "Мария", "1990-02-30", new_document(rng, documents), district),  # no such day
        ("", "Anna", "1971-05-06", new_document(rng, documents), district),  # missing
        ("Novák", "Jan", "1965-11-12", "A1", district),  # too short
        ("Weiß\u202e", "Uwe", "1959-07-23", new_document(rng, documents), district),  # bidi control
        ("\u200d\u200c", "Ida", "1988-08-08", new_document(rng, documents), district),  # nothing visible
        ("Lindqvist", "Bo", "12.3.1977", new_document(rng, documents), district),  # not ISO 8601
        ("Quiroga", "Eva\u0007", "1999-09-19", new_document(rng, documents), district),  # control
    ]


def main():
    rng = random.Random(SEED)
    documents = set()
    rows = people(rng, documents)
    first, rest = rows[:200], rows[200:]
    later = rng.sample(rows, 90)
    rest += [respelled(rng, row) for row in later[:60]]
    rest += [other_document(rng, row, documents) for row in later[60:]]
    rest += wrong(rng, documents)
    rng.shuffle(rest)
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["family_name", "given_name", "birth_date", "document", "district"])
    out.writerows(first + rest)


main()
