/// Words as a shell reads them back.
package func shellWords(_ words: [String]) -> String {
  words.map { word in
    let isPlain = word.wholeMatch(of: /[A-Za-z0-9_.,:=@%+\/-]+/) != nil
    return isPlain ? word : "'" + word.replacing("'", with: #"'\''"#) + "'"
  }.joined(separator: " ")
}
