#!/bin/sh
# Flightboard's demo agent. It plays a coding agent without a model: reads
# TASK.md, makes one small real change, leaves artifacts, reports its state by
# OSC 7501, and says how it ended. POSIX sh and the usual small tools only.
#
#   FLIGHTBOARD_DEMO_PACE   seconds per step (default 0.4; 0 for none)
#   FLIGHTBOARD_MODE        interactive or unattended
#
# A line of TASK.md beginning with "demo:" steers it: fail, block, hang,
# ask, flood N (megabytes), exit N.

task=${FLIGHTBOARD_TASK_FILE:-TASK.md}
artifacts=${FLIGHTBOARD_ARTIFACTS:-artifacts}
key=${FLIGHTBOARD_KEY:-T-0}
title=${FLIGHTBOARD_TITLE:-an unnamed task}
mode=${FLIGHTBOARD_MODE:-interactive}
pace=${FLIGHTBOARD_DEMO_PACE:-0.4}

esc=$(printf '\033')
bold="$esc[1m" dim="$esc[2m" off="$esc[0m"
blue="$esc[38;5;75m" green="$esc[38;5;78m" amber="$esc[38;5;214m" red="$esc[38;5;203m"

# What is shown of foreign text: one line, no control characters.
shown() { printf '%s' "$1" | tr '\n\t' '  ' | tr -d '\000-\037\177'; }
title=$(shown "$title")

state() { printf '%s]7501;state=%s:app=flightboard-demo%s\\' "$esc" "$1" "$esc"; }
blocked() { printf '%s]7501;state=blocked:kind=%s:app=flightboard-demo%s\\' "$esc" "$1" "$esc"; }
window_title() { printf '%s]0;%s\007' "$esc" "$1"; }
pause() { case $pace in 0 | 0.0) ;; *) sleep "$pace" ;; esac; }
step() { printf '%s●%s %s\n' "$blue" "$off" "$1"; pause; }
note() { printf '  %s%s%s\n' "$dim" "$1" "$off"; }
good() { printf '%s✔%s %s\n' "$green" "$off" "$1"; }
spin() {
  for frame in ⠋ ⠙ ⠹ ⠸ ⠼ ⠴; do
    printf '\r%s%s%s %s' "$amber" "$frame" "$off" "$1"
    case $pace in 0 | 0.0) ;; *) sleep 0.08 ;; esac
  done
  printf '\r%s[K' "$esc"
}
leave() { state clear; window_title ''; exit "$1"; }

# The first steering line, without its marker: "flood 5", "fail", …
steering() { sed -n 's/^\(#[^:]*:\)\{0,1\}[[:space:]>*-]*demo:[[:space:]]*//p' "$task" 2>/dev/null | head -n 1 | tr -d '\r'; }
argument() { case $1 in *[0-9]*) printf '%s' "$1" | tr -cd '0-9' | cut -c1-4 ;; *) printf '%s' "$2" ;; esac; }

flood() {
  note "printing $1 MB"
  line='0123456789 abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ .,:;-+ '
  yes "$line$line$line" | head -c "${1}000000"
  printf '\n'
}

# One question, in interactive sessions only; nobody is there otherwise.
ask() {
  if [ "$mode" = unattended ]; then answer=blue; return; fi
  blocked question
  printf '%s?%s Which colour shall the chart have? [blue] ' "$amber" "$off"
  IFS= read -r answer || answer=
  answer=$(shown "${answer:-blue}")
  state working
  note "colour: $answer"
}

write_change() {
  {
    [ -s NOTES.md ] || printf '# Notes\n'
    printf '\n## %s: %s\n\nThe demo agent was here and read %s lines of instructions.\n' "$key" "$title" "$lines"
  } >> NOTES.md
}

write_report() {
  cat > "$artifacts/report.md" << EOF
# $key: $title

| step | result |
|---|---|
| read the task | $lines lines |
| changed | \`NOTES.md\` |
| chart | [chart.svg](chart.svg) |
| figures | [data.json](data.json) |

Everything here was made by Flightboard's demo agent. No model was asked.
EOF
}

write_chart() {
  case $answer in red) fill='#e05561' ;; green) fill='#3fb68b' ;; *) fill='#4c8dff' ;; esac
  {
    printf '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 180" role="img" aria-label="Altitude by minute">\n'
    printf '<rect width="320" height="180" fill="#10151c"/>\n'
    x=20
    for height in 18 46 78 104 122 130 124 96 52 14; do
      printf '<rect x="%s" y="%s" width="22" height="%s" rx="3" fill="%s"/>\n' "$x" $((160 - height)) "$height" "$fill"
      x=$((x + 28))
    done
    printf '<line x1="14" y1="160" x2="306" y2="160" stroke="#5b6673"/>\n</svg>\n'
  } > "$artifacts/chart.svg"
}

write_data() {
  printf '{\n  "card": "%s",\n  "task_lines": %s,\n  "altitude": [18, 46, 78, 104, 122, 130, 124, 96, 52, 14]\n}\n' \
    "$(printf '%s' "$key" | tr -cd 'A-Za-z0-9_-')" "$lines" > "$artifacts/data.json"
}

write_completion() {
  cat > COMPLETION.md << EOF
# $key is done

- \`NOTES.md\`: a section about this card was added.
- \`artifacts/\`: a report, a chart and its figures.

Checked: the files were written and read back.
EOF
}

wish=$(steering)
answer=blue

window_title "demo: $key"
state working
printf '%s✈ Flightboard demo agent%s  %s%s%s\n\n' "$bold" "$off" "$dim" "$mode" "$off"
step "Reading the flight plan"
if [ ! -r "$task" ]; then
  printf '%s✘ TASK.md is not there%s\n' "$red" "$off"
  state error
  leave 66
fi
lines=$(wc -l < "$task" | tr -d ' ')
note "$key: $title"
note "TASK.md: $lines lines"
spin "taxiing…"

case $wish in
  fail*)
    printf '%s✘ The card asks for a failure, and here it is.%s\n' "$red" "$off"
    state error
    leave 1
    ;;
  exit*)
    leave "$(argument "$wish" 1)"
    ;;
  block*)
    printf '# Blocked\n\nThe card says so. Remove the line "demo: block" and run it again.\n' > BLOCKED.md
    printf '%s⏸ Blocked: the card says so.%s\n' "$amber" "$off"
    blocked question
    leave 0
    ;;
  hang*)
    step "Holding position until somebody stops this run"
    # A child that sleeps, so that stopping has a tree to clear.
    while :; do sleep 3600; done
    ;;
  flood*) flood "$(argument "$wish" 1)" ;;
  ask*) ask ;;
esac

step "Writing NOTES.md"
write_change || { printf '%s✘ The workspace cannot be written to.%s\n' "$red" "$off"; state error; leave 73; }
printf '  %s+ ## %s: %s%s\n' "$green" "$key" "$title" "$off"

step "Leaving artifacts"
mkdir -p "$artifacts" && write_report && write_chart && write_data \
  || { printf '%s✘ The artifacts cannot be written.%s\n' "$red" "$off"; state error; leave 73; }
for file in report.md chart.svg data.json; do
  note "artifacts/$file"
  pause
done

spin "final approach…"
write_completion
good "${bold}Landed.${off} NOTES.md changed, three artifacts, COMPLETION.md written."
state done

[ "$mode" = unattended ] && leave 0

printf '\n%sType something; "exit" or Ctrl-D ends the session.%s\n' "$dim" "$off"
while :; do
  state idle
  printf '%sdemo>%s ' "$blue" "$off"
  IFS= read -r said || { printf '\n'; break; }
  said=$(shown "$said")
  case $said in
    exit | quit) break ;;
    '') continue ;;
  esac
  state working
  printf 'You said "%s", and the demo agent agrees.\n' "$said"
  state done
done
good "Good flight."
leave 0
