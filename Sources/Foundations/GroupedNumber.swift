/// For example `1,813,561,344`.
package func grouped(_ count: Int) -> String {
  var text = "\(count)"
  var end = text.count
  while end > 3 {
    end -= 3
    text.insert(",", at: text.index(text.startIndex, offsetBy: end))
  }
  return text
}
