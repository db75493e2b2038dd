package extract_test
import ("testing";"lanzha/work/report/extract";"os";"math/rand";"time")
func TestZZ(t *testing.T){
 b,_:=os.ReadFile("testdata/cases.txt"); r:=rand.New(rand.NewSource(1)); end:=time.Now().Add(25*time.Second); n:=0; rs:=[]rune(string(b))
 for time.Now().Before(end) { var o []rune
  for k:=0;k<1+r.Intn(6);k++{ i:=r.Intn(len(rs)); o=append(o,rs[i:min(len(rs),i+1+r.Intn(14))]...)}
  s:=string(o); if r.Intn(3)==0 && len(s)>2 { x:=[]byte(s); x[r.Intn(len(x))]=byte(r.Intn(256)); s=string(x)}
  check(t,s,extract.Extract(s,at,china)); n++ }
 t.Log(n)
}
