import Layers
import Foundations

extension ValueForm where Value == ConfigurationFile.ValueOrFile<ConvolutionKernels.Choice> {
  static let kernels: Self = {
    let path = ValueForm<String>.text("")
    let libraries = ConvolutionBackends.linked.libraries.map(\.key)
    return Self(
      expected:
        "auto, direct, \(libraries.joined(separator: ", ")) or a file that 'sluice bench kernels --write' wrote",
      read: { value in
        if case .list(let items) = value {
          let texts = items.compactMap(\.text)
          guard texts.count == items.count else { return nil }
          return (try? KernelTable(items: texts)).map { .value(.table($0)) }
        }
        return switch value.plain {
        case "auto": .value(.auto)
        case "direct": .value(.direct)
        case let name? where libraries.contains(name): .value(.library(name))
        default: path.read(value).map { .file($0) }
        }
      },
      print: { selection in
        switch selection {
        case .value(.auto): "auto"
        case .value(.direct): "direct"
        case .value(.library(let name)): name
        case .file(let name): path.print(name)
        case .value(.table(let table)): table.items.map { "\n  - \($0)" }.joined()
        }
      },
      show: { selection in
        switch selection {
        case .value(.auto): "auto"
        case .value(.direct): "direct"
        case .value(.library(let name)): name
        case .file(let name): name
        case .value(.table(let table)): "table \(table.digest) of \(table.convolutions.count) convolutions"
        }
      })
  }()
}
