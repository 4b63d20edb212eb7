#if LIBFUZZER
  import Foundation
  import Foundations

  // libFuzzer, which scripts/fuzz links: it changes inputs so that they reach code that none has reached before.

  @_silgen_name("LLVMFuzzerRunDriver")
  private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ words: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ read: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
  ) -> CInt

  /// The parser that FUZZ_PARSER names, or FUZZ_PARSER's name is none.
  private nonisolated(unsafe) let guided: (parser: FileParser, read: ([UInt8]) throws -> Void) = {
    let name = ProcessInfo.processInfo.environment["FUZZ_PARSER"] ?? ""
    guard let parser = FileParser.all.first(where: { $0.name == name }) else {
      fail("FUZZ_PARSER must be one of " + FileParser.all.map(\.name).joined(separator: ", "))
    }
    do {
      return (parser, try parser.open(Campaign.makeFolder()))
    } catch {
      fail("\(error)")
    }
  }()

  /// Hands the command line to libFuzzer.
  func runGuided() -> Never {
    var (count, words) = (CommandLine.argc, CommandLine.unsafeArgv)
    _ = guided
    exit(
      runDriver(&count, &words) { bytes, count in
        let input = guided.parser.repair(Array(UnsafeBufferPointer(start: bytes, count: count)))
        _ = try? guided.read(input)
        return 0
      })
  }
#endif
