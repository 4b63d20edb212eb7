import Foundations
import Testing

@Suite struct CSVTests {
  @Test func whatWouldEndACellIsQuoted() {
    #expect(CSV.line(["a", "", "b c", "é"]) == "a,,b c,é\n")
    #expect(
      CSV.line(["a,b", "say \"x\"", "two\nlines", "dos\r\n"])
        == "\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",\"dos\r\n\"\n")
  }
}
