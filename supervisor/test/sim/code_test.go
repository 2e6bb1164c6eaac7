package sim_test

import (
	"go/types"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/go/packages"

	"registrar/actors/fault"
	"registrar/supervisor/test/sim"
)

const (
	enginePath = "registrar/actors/otp"
	faultPath  = "registrar/actors/fault"
)

// code loads the module with its types.
func code(t *testing.T) map[string]*packages.Package {
	t.Helper()
	mode := packages.NeedName | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedSyntax | packages.NeedImports | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedTypesSizes
	list, err := packages.Load(&packages.Config{Context: t.Context(), Mode: mode, Dir: "../../.."}, "./...")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*packages.Package{}
	for _, p := range list {
		for _, e := range p.Errors {
			t.Fatal(e)
		}
		all[p.PkgPath] = p
	}
	return all
}

// TestMatrixHasAllOfTheCode compares the tables with the code: every message of every actor and
// every fault point is in both.
func TestMatrixHasAllOfTheCode(t *testing.T) {
	all := code(t)
	if diff := cmp.Diff(messagesInCode(all), messagesInTables()); diff != "" {
		t.Errorf("messages by interface, - in the code, + in the tables:\n%s", diff)
	}
	if diff := cmp.Diff(pointsInCode(all), pointsInTables()); diff != "" {
		t.Errorf("fault points by package, - in the code, + in the tables:\n%s", diff)
	}
	if diff := cmp.Diff(constants(all[faultPath], "Point"), texts(fault.Points())); diff != "" {
		t.Errorf("fault points, - in the code, + listed:\n%s", diff)
	}
	var kinds []fault.Kind
	for _, p := range fault.Points() {
		kinds = append(kinds, fault.Kinds(p)...)
	}
	if diff := cmp.Diff(constants(all[faultPath], "Kind"), texts(kinds)); diff != "" {
		t.Errorf("kinds of faults, - in the code, + that can happen somewhere:\n%s", diff)
	}
}

// messagesInCode finds the sealed interfaces of references and dynamic supervisors, and their
// members.
func messagesInCode(all map[string]*packages.Package) map[string][]string {
	found := map[string][]string{}
	for _, p := range all {
		for id, inst := range p.TypesInfo.Instances {
			f := p.TypesInfo.Uses[id]
			if f == nil || f.Pkg() == nil || f.Pkg().Path() != enginePath || f.Name() != "NewRef" && f.Name() != "NewDynamicSupervisor" {
				continue
			}
			arg := inst.TypeArgs.At(inst.TypeArgs.Len() - 1)
			if named, ok := arg.(*types.Named); ok {
				found[named.String()] = members(named)
			}
		}
	}
	return found
}

// members are the types of a package that implement a sealed interface of it.
func members(sealed *types.Named) (names []string) {
	pkg := sealed.Obj().Pkg()
	in, ok := sealed.Underlying().(*types.Interface)
	if !ok {
		return nil
	}
	for _, name := range pkg.Scope().Names() {
		o, ok := pkg.Scope().Lookup(name).(*types.TypeName)
		if !ok || types.IsInterface(o.Type()) || !types.Implements(o.Type(), in) {
			continue
		}
		if _, path, _ := types.LookupFieldOrMethod(o.Type(), false, pkg, in.Method(0).Name()); len(path) == 1 { // its own method, not that of an embedded type
			names = append(names, pkg.Name()+"."+name)
		}
	}
	return names
}

func messagesInTables() map[string][]string {
	sets := map[string]map[string]bool{}
	for _, a := range slices.Concat(sim.Actors(), sim.NotSimulated()) {
		if sets[a.Interface] == nil {
			sets[a.Interface] = map[string]bool{}
		}
		for _, m := range a.Messages {
			sets[a.Interface][m.Name] = true
		}
	}
	out := map[string][]string{}
	for name, set := range sets {
		out[name] = slices.Sorted(maps.Keys(set))
	}
	return out
}

// pointsInCode finds the uses of fault points, except in the packages that serve to inject
// faults.
func pointsInCode(all map[string]*packages.Package) map[string][]string {
	found := map[string][]string{}
	for path, p := range all {
		if slices.Contains([]string{faultPath, "registrar/supervisor/test/sim", "registrar/supervisor/cli", "registrar/supervisor/demo/chaos"}, path) {
			continue
		}
		for _, o := range p.TypesInfo.Uses {
			if c, ok := o.(*types.Const); ok && c.Pkg() != nil && c.Pkg().Path() == faultPath && strings.HasSuffix(c.Type().String(), ".Point") {
				found[path] = append(found[path], c.Name())
			}
		}
	}
	return sorted(found)
}

// names are the constants of the points in the code.
func names() map[fault.Point]string {
	return map[fault.Point]string{
		fault.AfterDecide: "AfterDecide", fault.BeforeCommit: "BeforeCommit", fault.AfterCommit: "AfterCommit", fault.BeforeAck: "BeforeAck",
		fault.BeforePublish: "BeforePublish",
	}
}

func pointsInTables() map[string][]string {
	found := map[string][]string{enginePath: {"BeforeHandle", "AfterHandle", "BeforeInit", "AfterInit", "InStop"}} // InTransit is injected by Transit
	for _, a := range slices.Concat(sim.Actors(), sim.NotSimulated()) {
		pkg := a.Interface[:strings.LastIndex(a.Interface, ".")]
		for _, p := range a.Points {
			found[pkg] = append(found[pkg], names()[p])
		}
	}
	return sorted(found)
}

func sorted(sets map[string][]string) map[string][]string {
	for k, list := range sets {
		slices.Sort(list)
		sets[k] = slices.Compact(list)
	}
	return sets
}

// constants are the values of a package's constants of a type.
func constants(p *packages.Package, typ string) (values []string) {
	for _, name := range p.Types.Scope().Names() {
		if c, ok := p.Types.Scope().Lookup(name).(*types.Const); ok && c.Type().String() == faultPath+"."+typ {
			values = append(values, strings.Trim(c.Val().ExactString(), `"`))
		}
	}
	slices.Sort(values)
	return values
}

func texts[T ~string](list []T) []string {
	var out []string
	for _, x := range list {
		out = append(out, string(x))
	}
	slices.Sort(out)
	return slices.Compact(out)
}
