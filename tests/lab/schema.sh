#!/usr/bin/env bash
# Every lab in configs/lab and tests/lab/labs is what docs/lab.schema.json describes, by a validator that
# is not ours; and the schema refuses what the program refuses for its structure.
set -euo pipefail
cd "$(dirname "$0")/../.."

python3 -c 'import jsonschema' 2>/dev/null || {
  echo "python3-jsonschema is missing: apt-get install python3-jsonschema"
  exit 77
}

exec python3 - <<'PYTHON'
import glob, json, sys
try:
    import tomllib
except ImportError:
    print("python3 is older than 3.11 and reads no TOML")
    sys.exit(77)
import jsonschema

schema = json.load(open("docs/lab.schema.json"))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
failures = 0

files = sorted(glob.glob("configs/lab/*.toml") + glob.glob("tests/lab/labs/*.toml"))
if len(files) < 20:
    print(f"found only {len(files)} labs to check")
    failures += 1
for file in files:
    with open(file, "rb") as stream:
        lab = tomllib.load(stream)
    for error in validator.iter_errors(lab):
        print(f"{file}: {error.json_path}: {error.message}")
        failures += 1

PAIR = '[node.a]\n[node.b]\n[[link]]\nends = ["a", "b"]\n'
REFUSED = {
    "no node": "[lab]\n",
    "an unknown table": "[nodes.a]\n",
    "an unknown key": PAIR + 'dealy = "1ms"\n',
    "an unknown key further down": PAIR + 'loss = { p = "1%", q = "2%" }\n',
    "a link without ends": "[node.a]\n[[link]]\n",
    "a duration without a unit": PAIR + 'delay = "35"\n',
    "a number for a duration": PAIR + "delay = 35\n",
    "more than everything": PAIR + 'loss = "101%"\n',
    "an unknown kind": '[node.a]\nkind = "hub"\n',
    "a name with a space": '[node."a b"]\n',
    "an expectation without a check": PAIR + '[[expect]]\nname = "x"\n',
    "an expectation with two checks": PAIR
    + '[[expect]]\nping = { from = "a", to = "b" }\nrtt = { from = "a", to = "b", loss = "0%" }\n',
    "an event about nothing": PAIR + '[[at]]\nt = "1s"\n',
    "an MTU out of range": PAIR + "mtu = 20\n",
}
for what, text in REFUSED.items():
    if validator.is_valid(tomllib.loads(text)):
        print(f"the schema accepts {what}")
        failures += 1

print(f"{len(files)} labs are valid, {len(REFUSED)} mistakes are refused" if not failures else "")
sys.exit(1 if failures else 0)
PYTHON
