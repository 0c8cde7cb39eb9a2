"""WIT that uses every construct, for the tests of reader and printer."""

from __future__ import annotations

EVERYTHING = """\
/// About the package.
package test:everything@1.2.3-rc.1;

/// About the interface.
///
///   indented
/// the end
@since(version = 1.0.0)
interface shapes {
  f-first: func();

  /// About the record.
  @since(version = 1.0.0)
  @deprecated(version = 1.1.0)
  record point {
    /// About x.
    x: f32,
    %y: f64,
  }
  /**
   * A block comment
     with its own indentation.
   */
  variant shape { /// round
    circle(point), none, %record(tuple<u8, s8, u16, s16>) }
  enum HTTP-method { GET, /// put it
    PUT, x-2 }
  flags access { read, /// and change
    write }
  @external-id("quote \\" backslash \\\\ tab \\t é")
  type names = list<string>;
  type alias = point;
  type table = map<string, list<u32, 4>>;
  type nothing = result;
  type outcome = result<_, error-context>;
  type handle-type = borrow<cursor>;

  f-second: func(a: option<option<bool>>, b: list<u8>, c: char, d: u32, e: s32, f: u64, g: s64) -> names;

  /// About the resource.
  resource cursor {
    /// Opens.
    constructor(prefix: string);
    @unstable(feature = experimental)
    next: func() -> result<string, shape>;
    merge: static func(a: borrow<cursor>, b: cursor) -> cursor;
    wait: async func() -> stream<u8>;
    %static: static async func() -> future<string>;
  }
  resource fallible { constructor() -> result<fallible, string>; }
  resource bare;
  f-third: async func(x: future, y: stream, z: cursor);
}

interface users {
  use shapes.{point, shape as form};
  @since(version = 1.2.0)
  use shapes.{cursor};
  use test:other/things@0.2.0.{thing, thing as second};
  same: func(p: point, f: form, c: borrow<cursor>, t: thing) -> second;
}

/// About the world.
@since(version = 1.0.0)
world everything {
  /// About the import.
  @since(version = 1.0.0)
  @external-id("ext")
  import shapes;
  import again: shapes;
  /// About the inline interface.
  import inline: interface {
    use shapes.{point};
    /// About t.
    type t = u8;
    %use: func(t: t) -> point;
  }
  import test:other/things@0.1.0;
  import test:other/things@0.2.0;
  use users.{form};
  record %own { f: form }
  resource thing { constructor(); m: func(o: %own); }
  /// About log.
  import log: func(message: string);
  include test:other/extra@0.2.0 with { %type as kind }
  /// About the export.
  @unstable(feature = experimental)
  export users;
  export shapes;
  export run: async func() -> result;
}

world small { export shapes; }

package test:other@0.1.0 { interface things { type thing = u8; } }

package test:other@0.2.0 {
  interface things { record thing { a: u8 } }
  world extra { import things; import %type: func(); export done: func(); }
}
"""
