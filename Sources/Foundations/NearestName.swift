/// The name of `names` that takes the fewest edits to type instead of `word`; the first of equally near ones.
///
/// A dotted name is also compared by its last part, so that `momentum` finds `optimizer.momentum`.
package func nearestName(to word: String, among names: [String]) -> String? {
  func distance(_ name: String) -> Int {
    let whole = editDistance(word, name)
    guard let dot = name.lastIndex(of: ".") else { return whole }
    let lastOfWord = word.lastIndex(of: ".").map { String(word[word.index(after: $0)...]) } ?? word
    // One more edit, so that a near whole name wins over an equally near last part.
    return min(whole, editDistance(lastOfWord, String(name[name.index(after: dot)...])) + 1)
  }
  return names.min { distance($0) < distance($1) }
}

/// `nearestName`, if it looks like the word: at most half of the word's last part is typed otherwise.
package func similarName(to word: String, among names: [String]) -> String? {
  func lastPart(_ name: String) -> String { String(name.split(separator: ".").last ?? "") }
  guard let name = nearestName(to: word, among: names) else { return nil }
  let typed = lastPart(word)
  return 2 * editDistance(typed, lastPart(name)) <= typed.count ? name : nil
}

/// Levenshtein's distance: insertions, deletions and replacements that turn `a` into `b`.
package func editDistance(_ a: String, _ b: String) -> Int {
  let b = Array(b)
  var row = Array(0...b.count)
  for (i, x) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, y) in b.enumerated() {
      let replaced = diagonal + (x == y ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[b.count]
}
