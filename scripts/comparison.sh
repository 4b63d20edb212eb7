# shellcheck shell=bash
# What the tests with other libraries and of bundles share; sourced after scripts/lib.sh, from the repository's root.

# Runs `swift $2 …` with the headers in $1/include and the libraries in $1/lib before the system's, in the build folder
# $1/build. The folder is an absolute path.
#
# (C_INCLUDE_PATH and LIBRARY_PATH would not do: the linker looks into the latter's folders after the system's.)
swift_against() {
  swift "$2" --configuration release --scratch-path "$1/build" -Xswiftc -enable-testing \
    -Xcc "-I$1/include" -Xswiftc "-L$1/lib" "${@:3}"
}

# Lets programs find the libraries in $1 before the system's, and fails unless the program $2 then takes $3 from there.
load_from() {
  export LD_LIBRARY_PATH=$1${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
  [[ $(ldd "$2") == *" $1/$3 "* ]] || fail "$2 does not take $3 from $1"
}

# Trains a small network for 20 steps on 1280 pictures into the run folder $1; the words after it start the program. The
# array `options`, if there is one, holds more of pretrain's options.
train_briefly() {
  "${@:2}" pretrain configs/shapes-quick.yaml --run "$1" --set data.source=shapes:1280x100 --set batch.global=128 \
    --set max_steps=20 "${options[@]}"
}

# Fails unless the latest checkpoints of the run folders $1 and $2 are the same, byte for byte.
compare_runs() {
  diff --recursive --brief "$1/checkpoints/latest/" "$2/checkpoints/latest/" ||
    fail "the checkpoints in $1 and $2 differ"
}
